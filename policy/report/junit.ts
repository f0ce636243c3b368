/** For CI servers: one test case a rule, failed when the rule found something. */
import { renderName } from '../manifest/manifest.ts';
import type { Finding } from '../finding.ts';
import type { ValidationReport } from '../validate.ts';
import { ruleTexts } from './rule-text.ts';
import { placeOf, plainLine, renderLocation } from './place.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no place for most control characters. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?')
    .replaceAll(/[&<>"']/g, (each) => entities[each] ?? '');
}

function line(finding: Finding): string {
  const subject = finding.object === undefined ? '' : `${renderName(finding.object)}: `;
  return plainLine(`${finding.severity} ${renderLocation(placeOf(finding))} ${subject}${finding.message}`);
}

function testCase(id: string, findings: readonly Finding[], waived: number): string {
  const head = `    <testcase classname="clrk.validate" name="${escapeXml(id)}"`;
  if (findings.length === 0)
    return waived === 0 ? `${head}/>` : `${head}><system-out>${waived} waived</system-out></testcase>`;
  const text = escapeXml(findings.map(line).join('\n'));
  const first = escapeXml(plainLine(findings[0]?.message ?? ''));
  const blocking = findings.some(({ severity }) => severity === 'error');
  // Warnings are told, and do not fail the case.
  const body = blocking
    ? `<failure message="${first}">${text}</failure>`
    : `<system-out>${text}</system-out>`;
  return `${head}>${body}</testcase>`;
}

export function renderJunit({ findings, waived }: ValidationReport): string {
  const ids = ruleTexts.map(({ id }) => id);
  const cases = ids.map((id) => {
    const own = findings.filter(({ rule }) => rule === id);
    return { own, text: testCase(id, own, waived.filter(({ finding }) => finding.rule === id).length) };
  });
  const failures = cases.filter(({ own }) => own.some(({ severity }) => severity === 'error')).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${ids.length}" failures="${failures}">`,
    `  <testsuite name="clrk validate" tests="${ids.length}" failures="${failures}">`,
    ...cases.map(({ text }) => text),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
