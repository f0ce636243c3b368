/** For a terminal: three lines a finding at most, then one line that sums up. */
import { renderName } from '../manifest/manifest.ts';
import type { Finding } from '../finding.ts';
import type { ValidationReport } from '../validate.ts';
import { placeOf, plainLine, renderCounts, renderLocation } from './place.ts';

const words = { error: 'error', warn: 'warning', info: 'info' } as const;

function renderFinding(finding: Finding): string {
  const { severity, rule, message, hint, object, location, source } = finding;
  const subject = object === undefined ? '' : `${renderName(object)}: `;
  const lines = [`${renderLocation(placeOf(finding))}: ${words[severity]}: ${subject}${message} [${rule}]`];
  if (source !== undefined) lines.push(`  in ${renderLocation(location)}, made by ${source.construct}`);
  if (hint !== undefined) lines.push(`  ${hint}`);
  return lines.map(plainLine).join('\n');
}

function verdictWords(undecided: boolean, partial: boolean): string {
  if (undecided) return ' (not everything could be read: no verdict)';
  return partial ? ' (partial: not everything could be read, as --assume-partial allows)' : '';
}

export function renderHuman(report: ValidationReport): string {
  const { findings, waived, files, objects, skipped, undecided, partial } = report;
  const blocks = findings.map(renderFinding);
  for (const { finding, waiver } of waived) {
    const subject = finding.object === undefined ? '' : renderName(finding.object);
    blocks.push(
      plainLine(
        `waived until ${waiver.expires} by ${waiver.owner}: ${subject} [${finding.rule}] ${waiver.reason}`,
      ),
    );
  }
  for (const each of skipped) blocks.push(plainLine(`note: ${each}`));
  const waivedCount = waived.length === 0 ? '' : `, ${waived.length} waived`;
  const verdict = verdictWords(undecided, partial);
  const sum = `${objects} objects in ${files} files: ${renderCounts(findings)}${waivedCount}${verdict}`;
  return `${[...blocks, sum].join('\n')}\n`;
}
