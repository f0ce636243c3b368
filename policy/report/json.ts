/** For programs: everything the report says, with stable names (`version` changes when they do). */
import type { Finding } from '../finding.ts';
import type { ValidationReport } from '../validate.ts';

function jsonFinding(finding: Finding): Record<string, unknown> {
  const { rule, severity, message, hint, object, path, location, source } = finding;
  return {
    rule,
    severity,
    message,
    hint: hint ?? null,
    object: object ?? null,
    path,
    location,
    source: source ?? null,
  };
}

export function renderJson({
  findings,
  waived,
  files,
  objects,
  skipped,
  undecided,
  partial,
}: ValidationReport): string {
  const document = {
    version: 1,
    undecided,
    partial,
    files,
    objects,
    findings: findings.map(jsonFinding),
    waived: waived.map(({ finding, waiver: { reason, owner, expires } }) => ({
      ...jsonFinding(finding),
      waiver: { reason, owner, expires },
    })),
    skipped,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
