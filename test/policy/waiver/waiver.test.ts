import { describe, expect, test } from 'vitest';
import {
  addWaiver,
  exitCodeOfReport,
  parseManifestText,
  parseWaivers,
  validate,
  type Waiver,
  type WaiverEntry,
} from '../../../policy/index.ts';

const now = new Date('2026-11-24T12:00:00Z');
const manifest = `apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressGateway
metadata: { name: out, namespace: team }
spec:
  defaultPolicy: allow-all
  listeners: [{ name: all, protocol: TCP }]
`;
const entry = (fields: Partial<Record<keyof Waiver, string>> = {}): string => {
  const all: Partial<Record<keyof Waiver, string>> = {
    rule: 'allow-all-gateway',
    kind: 'EgressGateway',
    namespace: 'team',
    name: 'out',
    reason: 'a lab without data',
    owner: 'ann',
    expires: '2026-12-01',
    ...fields,
  };
  return `waivers:\n  - ${Object.entries(all)
    .filter(([key, value]) => key !== 'namespace' || value !== '')
    .map(([key, value]) => `${key}: "${value}"`)
    .join('\n    ')}\n`;
};
const judge = (waivers: string) => {
  const loaded = { ...parseManifestText(manifest, 'gw.yaml'), files: 1, skipped: [] };
  const report = validate(loaded, { now, waivers: parseWaivers(waivers, 'clrk-waivers.yaml', now) });
  return {
    code: exitCodeOfReport(report, 'error'),
    rules: report.findings.map(({ rule }) => rule),
    waived: report.waived.length,
    report,
  };
};

test.each([
  ['none', '', 1, ['allow-all-gateway'], 0],
  ['one that holds', entry(), 0, [], 1],
  ['by the start of the name', entry({ name: 'o*' }), 0, [], 1],
  ['of its last day', entry({ expires: '2026-11-24' }), 0, [], 1],
  [
    'expired: an error, and the finding is back',
    entry({ expires: '2026-11-23' }),
    1,
    ['waiver-expired', 'allow-all-gateway'],
    0,
  ],
  ['of another object: a warning', entry({ name: 'in' }), 1, ['waiver-unused', 'allow-all-gateway'], 0],
  ['of another namespace', entry({ namespace: 'other' }), 1, ['waiver-unused', 'allow-all-gateway'], 0],
  [
    'without a namespace it is for the default one',
    entry({ namespace: '' }),
    1,
    ['waiver-unused', 'allow-all-gateway'],
    0,
  ],
  ['for every namespace', entry({ namespace: '*' }), 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  ['for every rule', entry({ rule: '*' }), 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  [
    'an unknown rule: undecided',
    entry({ rule: 'allow-al-gateway' }),
    3,
    ['waivers-unreadable', 'allow-all-gateway'],
    0,
  ],
  [
    'of what cannot be read',
    entry({ rule: 'unreadable' }),
    3,
    ['waivers-unreadable', 'allow-all-gateway'],
    0,
  ],
  ['more than 90 days', entry({ expires: '2027-03-01' }), 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  ['no date', entry({ expires: 'soon' }), 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  ['a 31st of February', entry({ expires: '2026-02-31' }), 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  ['no reason', entry({ reason: '' }), 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  ['not YAML', 'waivers: [', 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
  ['not a list', 'rule: x\n', 3, ['waivers-unreadable', 'allow-all-gateway'], 0],
] as const)('%s', (_, waivers, code, rules, waived) => {
  const verdict = judge(waivers);
  expect({ code: verdict.code, rules: verdict.rules, waived: verdict.waived }).toEqual({
    code,
    rules,
    waived,
  });
});

test('S52: a waiver covers its namespace and no other of the same names', () => {
  const other = manifest.replace('namespace: team', 'namespace: prod');
  const bare = manifest.replace(', namespace: team', '');
  const verdict = (waivers: string) => {
    const loaded = {
      ...parseManifestText(`${manifest}---\n${other}---\n${bare}`, 'gw.yaml'),
      files: 1,
      skipped: [],
    };
    const { waived } = validate(loaded, { now, waivers: parseWaivers(waivers, 'clrk-waivers.yaml', now) });
    return waived.map(({ finding }) => finding.object?.namespace ?? '');
  };
  expect(verdict(entry())).toEqual(['team']);
  expect(verdict(entry({ namespace: 'prod' }))).toEqual(['prod']);
  expect(verdict(entry({ namespace: '' }))).toEqual(['']);
  expect(verdict(entry({ namespace: 'default' }))).toEqual(['']);
});

test('a problem is told at the line of its entry', () => {
  const text = `# ours\n${entry()}${entry({ rule: 'nope' }).replace('waivers:\n', '')}`;
  expect(judge(text).report.findings[0]?.location).toMatchObject({ file: 'clrk-waivers.yaml', line: 10 });
});

describe('addWaiver', () => {
  const waiver: WaiverEntry = {
    rule: 'allow-all-gateway',
    kind: 'EgressGateway',
    namespace: 'team',
    name: 'out',
    reason: 'a lab without data',
    owner: 'ann',
    expires: '2026-12-01',
  };
  test('keeps comments and what is there', () => {
    const before = `# reviewed on Mondays\nwaivers:\n  # the old one\n  - rule: missing-limits\n    name: x # really\n`;
    const after = addWaiver(before, waiver);
    expect(after?.startsWith(before)).toBe(true);
    expect(after).toContain(
      '  - rule: allow-all-gateway\n    kind: EgressGateway\n    namespace: team\n    name: out\n',
    );
  });
  test('a finding that was waived before is decided again, in its place', () => {
    const once = addWaiver('# ours\n', { ...waiver, expires: '2020-01-01' }) ?? '';
    const other = addWaiver(once, { ...waiver, name: 'another' }) ?? '';
    const again = addWaiver(other, waiver) ?? '';
    expect(again).not.toContain('2020-01-01');
    expect(again.match(/- rule:/g)).toHaveLength(2);
    expect(again.indexOf(waiver.expires)).toBeLessThan(again.indexOf('another'));
  });

  test('begins a file, which then holds', () => {
    expect(judge(addWaiver('', waiver) ?? '').code).toBe(0);
  });
  test.each(['- a\n', 'waivers: 3\n', 'a: [\n'])('declines %j', (text) => {
    expect(addWaiver(text, waiver)).toBeUndefined();
  });
});
