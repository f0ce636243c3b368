/** One report in every format; SARIF against the official schema. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import {
  orderFindings,
  parseManifestText,
  renderReport,
  reportFormats,
  validate,
  type Finding,
  type ValidationReport,
} from '../../../policy/index.ts';

const text = readFileSync(new URL('../rules/secret-in-env/bad.yaml', import.meta.url), 'utf8');
const base = validate(
  { ...parseManifestText(text, 'dist/a b/x.yaml'), files: 1, skipped: ['chart: a Helm chart'] },
  { now: new Date(0) },
);
const [finding] = base.findings;
if (finding === undefined) throw new Error('the fixture has a finding');
const source = { construct: 'examples/hello', file: 'apps/examples.ts', line: 38, column: 7 };
const nasty: Finding = { ...finding, message: 'a<b>&"c"\n::error::x\u001b[31m%', source: undefined };
const report: ValidationReport = {
  ...base,
  findings: orderFindings([{ ...finding, source }, nasty]),
  waived: [
    {
      finding,
      waiver: {
        rule: finding.rule,
        name: 'x',
        reason: 'because of reasons',
        owner: 'ann',
        expires: '2026-12-01',
        line: 3,
      },
    },
  ],
};

const schema: object = JSON.parse(
  readFileSync(new URL('sarif-2.1.0.schema.json', import.meta.url), 'utf8'),
) as object;

describe('SARIF', () => {
  // Draft 4 says `id` where later drafts say `$id`; the formats in it (uri, date-time) are not what is tested.
  const { id: _id, $schema: _schema, ...draft } = schema as Record<string, unknown>;
  const check = new Ajv({
    strict: false,
    validateFormats: false,
    unicodeRegExp: false,
    allErrors: true,
  }).compile(draft);
  const log = JSON.parse(renderReport(report, 'sarif')) as {
    runs: Array<{ results: Array<Record<string, unknown>> }>;
  };

  test('passes the official schema, which can refuse', () => {
    check(log);
    expect(check.errors ?? []).toEqual([]);
    expect(check({ ...log, version: '2.0' })).toBe(false);
    const [run] = log.runs;
    expect(check({ ...log, runs: [{ ...run, results: [{ ruleId: 'x' }] }] })).toBe(false);
  });

  test('is located at the TypeScript line, with the manifest beside it', () => {
    const result = log.runs[0]?.results.find((each) => each['relatedLocations'] !== undefined);
    expect(result).toMatchObject({
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'apps/examples.ts' },
            region: { startLine: 38, startColumn: 7 },
          },
        },
      ],
      relatedLocations: [{ physicalLocation: { artifactLocation: { uri: 'dist/a%20b/x.yaml' } } }],
    });
  });

  test('a waived finding is there, suppressed', () => {
    expect(log.runs[0]?.results.at(-1)?.['suppressions']).toEqual([
      { kind: 'external', justification: 'because of reasons (ann, until 2026-12-01)' },
    ]);
  });
});

test.each(reportFormats)('%s: no secret, no escape sequence, no command that is not ours', (format) => {
  const rendered = renderReport(report, format);
  expect(rendered).not.toContain('sk-proj-');
  expect(rendered).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  expect(rendered.match(/^::error/gm) ?? []).toHaveLength(format === 'github' ? 2 : 0);
});

function counts(names: ReadonlyArray<string | undefined>): Readonly<Record<string, number>> {
  return names.reduce<Record<string, number>>(
    (all, name = '') => ({ ...all, [name]: (all[name] ?? 0) + 1 }),
    {},
  );
}

test('JUnit is well-formed and counts', () => {
  const xml = renderReport(report, 'junit');
  expect(xml).toContain('failures="1"');
  expect(xml).toContain('a&lt;b&gt;&amp;&quot;c&quot;');
  const opened = [...xml.matchAll(/<(\w[\w-]*)(?:\s[^<>]*[^/<>])?>/g)].map((match) => match[1]);
  const closed = [...xml.matchAll(/<\/(\w[\w-]*)>/g)].map((match) => match[1]);
  expect(counts(opened)).toEqual(counts(closed));
});

test('GitLab: fingerprints are unique, and stay when lines move', () => {
  const issues = JSON.parse(renderReport({ ...report, findings: [finding, finding] }, 'gitlab')) as Array<{
    fingerprint: string;
  }>;
  expect(new Set(issues.map((each) => each.fingerprint)).size).toBe(2);
  const moved = { ...finding, location: { ...finding.location, line: 999 } };
  const [after] = JSON.parse(renderReport({ ...report, findings: [moved] }, 'gitlab')) as Array<{
    fingerprint: string;
  }>;
  expect(after?.fingerprint).toBe(issues[0]?.fingerprint);
});

test('human: three lines a finding at most, the sum last', () => {
  const lines = renderReport(report, 'human').trimEnd().split('\n');
  expect(lines[0]).toContain('apps/examples.ts:38:7: error: TaskAgent default/triage: ');
  expect(lines.at(-1)).toBe('4 objects in 1 files: 2 errors, 1 waived');
  expect(lines.length).toBeLessThanOrEqual(3 + 3 + 3);
});
