/**
 * Manifests as they are written for the original CLRK, at least one a kind and a group of fields, applied unchanged by
 * the real API server: nothing is refused, dropped or changed, and applying them again changes nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../../api/index.ts';
import { ControlPlane } from '../operator/control-plane.ts';
import { kubectl as run, type Answer } from './kubectl.ts';

/** Kinds of ours that the original does not have. */
const own: ReadonlySet<string> = new Set(['EgressHTTPRoute', 'Approval']);
const originals = kinds.filter(({ kind }) => !own.has(kind));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

const folder = new URL('original/', import.meta.url);
const files = readdirSync(folder).map((name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  return { name, text, objects: parseAllDocuments(text).map((each) => each.toJS() as Manifest) };
});

let plane: ControlPlane;
const kubectl = (args: readonly string[], input = ''): Answer => run(plane, args, input);

beforeAll(async () => {
  plane = await ControlPlane.start();
}, 120_000);

afterAll(async () => {
  await plane?.stop();
});

test('every kind is there', () => {
  const written = files.flatMap(({ objects }) => objects.map(({ kind }) => kind));
  expect([...new Set(written)].sort()).toEqual(originals.map(({ kind }) => kind).sort());
});

test.each(files)('$name applies unchanged, again and again', ({ text, objects }) => {
  const first = kubectl(['apply', '--server-side', '-f', '-'], text);
  expect(first.stderr).toBe('');
  expect(first.code).toBe(0);
  const read = () =>
    objects.map(({ kind, metadata }) => {
      const answer = kubectl(['get', kind, metadata.name, '-o', 'json']);
      return JSON.parse(answer.stdout) as {
        metadata: { resourceVersion: string; generation: number };
        spec: object;
      };
    });
  const stored = read();
  for (const [index, { spec }] of objects.entries()) expect(stored[index]?.spec).toMatchObject(spec);
  // The first write after a create stores the defaulted status too, once; from then on nothing changes.
  const versions = [1, 2].map(() => {
    expect(kubectl(['apply', '--server-side', '-f', '-'], text).code).toBe(0);
    return read().map(({ metadata }) => metadata);
  });
  expect(versions[1]).toEqual(versions[0]);
  for (const { generation } of versions[1] ?? []) expect(generation).toBe(1);
});

test('kubectl get shows how an object stands first and its age last', () => {
  for (const { shortName } of originals) {
    const [header = ''] = kubectl(['get', shortName]).stdout.split('\n');
    expect(header).toMatch(/^NAME +READY +REASON +.*AGE$/);
    const [wide = ''] = kubectl(['get', shortName, '-o', 'wide']).stdout.split('\n');
    expect(wide).toMatch(/^NAME +READY +REASON +.*AGE$/);
  }
});
