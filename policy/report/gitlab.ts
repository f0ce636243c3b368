/** GitLab's code quality report (the Code Climate subset it reads). */
import { renderName } from '../manifest/manifest.ts';
import type { ValidationReport } from '../validate.ts';
import { placeOf } from './place.ts';
import { fingerprint } from './sarif.ts';

const severities = { error: 'critical', warn: 'minor', info: 'info' } as const;

export function renderGitlab({ findings }: ValidationReport): string {
  const seen = new Map<string, number>();
  const issues = findings.map((finding) => {
    const { file, line } = placeOf(finding);
    // GitLab drops entries with a fingerprint it has seen.
    const own = fingerprint(finding);
    const count = (seen.get(own) ?? 0) + 1;
    seen.set(own, count);
    const subject = finding.object === undefined ? '' : `${renderName(finding.object)}: `;
    return {
      description: `${subject}${finding.message}`,
      check_name: finding.rule,
      fingerprint: count === 1 ? own : `${own}-${count}`,
      severity: severities[finding.severity],
      location: { path: file.replace(/^\.\//, ''), lines: { begin: line } },
    };
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
