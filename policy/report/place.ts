/** Where a finding is shown: the line of TypeScript that made the object when it is known, else the line of YAML. */
import { terminalLine } from '../../contract/index.ts';
import type { Finding } from '../finding.ts';
import type { Location } from '../manifest/manifest.ts';

export function placeOf({ source, location }: Pick<Finding, 'source' | 'location'>): Location {
  return source ?? location;
}

export function renderLocation({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

/** Text of manifests: nothing of it acts on a terminal or a log command. */
export const plainLine = terminalLine;

/** Counts by severity: `2 errors, 1 warning`. */
export function renderCounts(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity'], word: string): string[] => {
    const number = findings.filter((each) => each.severity === severity).length;
    return number === 0 ? [] : [`${number} ${word}${number === 1 || severity === 'info' ? '' : 's'}`];
  };
  const parts = [...count('error', 'error'), ...count('warn', 'warning'), ...count('info', 'info')];
  return parts.length === 0 ? 'no findings' : parts.join(', ');
}
