/** What validation says about a manifest: one kind of sentence for people, machines and every report format. */
import type { Location, ObjectName, SourceLocation } from './manifest/manifest.ts';

export const severities = ['error', 'warn', 'info'] as const;
export type Severity = (typeof severities)[number];

export interface Finding {
  /** The rule's id, stable across releases. */
  readonly rule: string;
  readonly severity: Severity;
  /** What is wrong, one line, without any secret value. */
  readonly message: string;
  /** What to do about it, one line. */
  readonly hint: string | undefined;
  /** Undefined: about a file, not an object in it. */
  readonly object: ObjectName | undefined;
  /** `spec.rules[0]`; empty: the whole object. */
  readonly path: string;
  readonly location: Location;
  readonly source: SourceLocation | undefined;
}

/** True when `severity` is at least as bad as `threshold`. */
export function reaches(severity: Severity, threshold: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(threshold);
}

/** By file, line, rule: the same order every run. */
export function orderFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      compareText(a.location.file, b.location.file) ||
      a.location.line - b.location.line ||
      a.location.column - b.location.column ||
      compareText(a.rule, b.rule) ||
      compareText(a.message, b.message),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
