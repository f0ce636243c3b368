/**
 * Every fixture of test/api through our own check, without a cluster: the verdict and the message must be those the
 * real API server gives for the same file in test/api/admission.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kinds } from '../../../api/index.ts';
import { parseManifestText } from '../../../policy/index.ts';
import { checkKind } from '../../../policy/schema/kind-check.ts';

const here = new URL('../../api/', import.meta.url);
const fixtures = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .sort()
  .flatMap((name) => {
    const text = readFileSync(new URL(name, here), 'utf8');
    const { manifests, problems } = parseManifestText(text, name);
    expect(problems).toEqual([]);
    return manifests.map((manifest, index) => ({
      name: manifests.length === 1 ? name : `${name} #${index + 1}`,
      manifest,
      expected: /^# expect: (.*)$/m.exec(text)?.[1],
    }));
  });

const accepted = fixtures.filter(({ expected }) => expected === undefined);
const refused = fixtures.flatMap(({ name, manifest, expected }) =>
  expected === undefined ? [] : [{ name, manifest, expected }],
);

test('there are fixtures of every kind, of both sorts', () => {
  expect(refused.length).toBeGreaterThan(70);
  const seen = new Set(accepted.map(({ manifest }) => manifest.kind));
  expect(kinds.map(({ kind }) => kind).filter((kind) => !seen.has(kind))).toEqual([]);
});

describe('refused with the message of the API server', () => {
  test.each(refused)('$name', ({ manifest, expected }) => {
    const verdict = checkKind(manifest);
    expect(verdict?.issues.map(({ message }) => message).join('\n')).toContain(expected);
    expect(verdict?.spec).toBeUndefined();
  });
});

describe('accepted', () => {
  test.each(accepted)('$name', ({ manifest }) => {
    const verdict = checkKind(manifest);
    expect(verdict?.issues ?? []).toEqual([]);
    if (verdict !== undefined) expect(verdict.spec).toMatchObject(manifest.spec as object);
  });
});
