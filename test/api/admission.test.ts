/** What the real API server makes of our CRDs: each fixture is refused with its `# expect:` message, or accepted. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { apiGroup, kinds } from '../../api/index.ts';
import { crdFiles } from '../../scripts/generate.ts';
import { ControlPlane } from '../operator/control-plane.ts';
import { kubectl as run, type Answer } from './kubectl.ts';

const here = new URL('.', import.meta.url);
// original/ holds manifests as written for the original, a test of their own.
const folders = readdirSync(here, { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && entry.name !== 'original',
);
const fixtures = folders.flatMap(({ name: folder }) =>
  readdirSync(new URL(`${folder}/`, here)).map((file) => {
    const text = readFileSync(new URL(`${folder}/${file}`, here), 'utf8');
    const expected = /^# expect: (.*)$/m.exec(text)?.[1];
    return { name: `${folder}/${file}`, text, expected };
  }),
);
const accepted = fixtures.filter(({ expected }) => expected === undefined);
const refused = fixtures.flatMap(({ name, text, expected }) =>
  expected === undefined ? [] : [{ name, text, expected }],
);
/** Promise S21 and S52 of the security reference are kept by these. */
const security = /wildcard|cidr|metadata|loopback|localhost|hostname-address|secret-in-env|host-url/;

let plane: ControlPlane;

const kubectl = (args: readonly string[], input = ''): Answer => run(plane, args, input);

beforeAll(async () => {
  plane = await ControlPlane.start();
}, 120_000);

afterAll(async () => {
  await plane?.stop();
});

test('what is committed in crds/ is what api/ says', () => {
  for (const [name, text] of crdFiles()) {
    expect(readFileSync(new URL(`../../crds/${name}`, here), 'utf8')).toBe(text);
  }
  const committed = readdirSync(new URL('../../crds/', here)).filter((name) => name !== 'Kustomization');
  expect(committed.sort()).toEqual([...crdFiles().keys()].sort());
});

test.each(kinds)('$kind is established, structural and explained', async ({ kind, plural, shortName }) => {
  const crd = JSON.parse(kubectl(['get', 'crd', `${plural}.${apiGroup}`, '-o', 'json']).stdout) as {
    status: { conditions: Array<{ type: string; status: string; message: string }> };
  };
  const condition = (type: string) => crd.status.conditions.find((each) => each.type === type);
  expect(condition('Established')?.status).toBe('True');
  expect(condition('NonStructuralSchema')).toBeUndefined();
  // The API server publishes a CRD's OpenAPI some time after it is established: ask until it is there.
  const explained = await vi.waitFor(
    () => {
      const answer = kubectl(['explain', `${shortName}.spec`, '--recursive=false']);
      expect(answer.stderr).toBe('');
      return answer;
    },
    { timeout: 30_000, interval: 250 },
  );
  expect(explained.stdout).toContain(`KIND:       ${kind}`);
  expect(explained.stdout).not.toContain('<no description>');
});

/** Messages of all CEL rules below a schema. */
function messages(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, inner]) =>
    key === 'x-kubernetes-validations' && Array.isArray(inner)
      ? inner.map(({ message }: { message: string }) => message)
      : messages(inner),
  );
}

// RE2 itself says what is wrong with a pattern; what never changes needs two versions of one object.
const shownElsewhere = [
  'a pattern must be an RE2',
  'a revision never changes',
  'what was asked never changes',
  'a decision never changes',
];

test.each(kinds)('$kind: each of its rules has a fixture that it refuses', ({ kind, spec }) => {
  const shown = refused.filter(({ text }) => (parse(text) as { kind: string }).kind === kind);
  const unseen = [...new Set(messages(spec))].filter(
    (message) =>
      !shown.some(({ expected }) => message.includes(expected)) &&
      !shownElsewhere.some((start) => message.startsWith(start)),
  );
  expect(unseen).toEqual([]);
});

describe('refused', () => {
  test.each(refused.map((each) => ({ ...each, promise: security.test(each.name) ? 'S21 S52:' : 'rule' })))(
    '$promise $name',
    ({ text, expected }) => {
      const { code, stderr } = kubectl(['create', '--dry-run=server', '-f', '-'], text);
      expect(stderr).toContain(expected);
      expect(code).toBe(1);
    },
  );
});

describe('accepted', () => {
  test.each(accepted)('$name, with nothing dropped and a status not looked at', ({ text }) => {
    const { code, stdout, stderr } = kubectl(['create', '--validate=strict', '-o', 'json', '-f', '-'], text);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { status, spec } = JSON.parse(stdout) as { status: unknown; spec: unknown };
    expect(status).toEqual({ observedGeneration: -1 });
    expect(spec).toMatchObject((parse(text) as { spec: object }).spec);
  });

  test('only defaults of the original are stamped', () => {
    const stamped = JSON.parse(kubectl(['get', 'ta', 'valid-minimal', '-o', 'json']).stdout) as {
      spec: object;
    };
    expect(Object.keys(stamped.spec).sort()).toEqual(['template', 'timeout', 'workerPoolRef']);
  });

  test('a revision never changes', () => {
    const patch = ['patch', 'asr', 'valid-minimal', '--type=merge', '-p', '{"spec":{"image":"other:1"}}'];
    expect(kubectl(patch).stderr).toContain('a revision never changes');
  });

  test.each([
    ['what was asked', '{"spec":{"request":{"call":{"tool":"delete_all"}}}}', 'what was asked never changes'],
    ['the answer', '{"spec":{"decision":{"answer":"Deny"}}}', 'a decision never changes'],
    ['whose answer it is', '{"spec":{"decision":{"decidedBy":"joe"}}}', 'a decision never changes'],
    ['that there was one', '{"spec":{"decision":null}}', 'a decision never changes'],
  ])('of an Approval nobody changes %s', (_what, change, expected) => {
    const patch = ['patch', 'appr', 'valid-decided', '--type=merge', '-p', change];
    expect(kubectl(patch).stderr).toContain(expected);
  });
});
