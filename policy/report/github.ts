/** Workflow commands: GitHub shows each as an annotation at its line. */
import { renderName } from '../manifest/manifest.ts';
import type { Finding } from '../finding.ts';
import type { ValidationReport } from '../validate.ts';
import { placeOf, plainLine, renderCounts } from './place.ts';

const commands = { error: 'error', warn: 'warning', info: 'notice' } as const;

/** Text after `::` and values of properties have their own escapes; an unescaped newline would start a command. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function annotation(finding: Finding): string {
  const { severity, rule, message, hint, object } = finding;
  const { file, line, column } = placeOf(finding);
  const subject = object === undefined ? '' : `${renderName(object)}: `;
  const text = `${plainLine(`${subject}${message}`)}${hint === undefined ? '' : `\n${hint}`}`;
  return `::${commands[severity]} file=${escapeProperty(file)},line=${line},col=${column},title=${escapeProperty(rule)}::${escapeData(text)}`;
}

export function renderGithub({ findings, waived, objects, files, partial }: ValidationReport): string {
  const sum = `${objects} objects in ${files} files: ${renderCounts(findings)}, ${waived.length} waived${partial ? ' (partial)' : ''}`;
  return `${[...findings.map(annotation), plainLine(sum)].join('\n')}\n`;
}
