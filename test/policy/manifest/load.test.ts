/** Bad input: one located line each, and never silence. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadManifests, validate } from '../../../policy/index.ts';

const gateway = (name: string): string =>
  `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: EgressGateway\nmetadata:\n  name: ${name}\nspec:\n  listeners: [{ name: all, protocol: TCP }]\n`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-load-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const problems = (...paths: string[]): string[] =>
  loadManifests(paths).problems.map(
    ({ rule, location, message }) =>
      `${rule} ${location.file.slice(folder.length + 1)}:${location.line} ${message}`,
  );

test('broken YAML is told at its line, and what stands beside it is still read', () => {
  write('a.yaml', `${gateway('one')}---\nspec:\n  - a\n  b: [\n---\n${gateway('two')}`);
  expect(problems(folder)).toEqual([expect.stringMatching(/^yaml a\.yaml:(9|10|11) /)]);
  expect(loadManifests([folder]).manifests.map(({ name }) => name)).toEqual(['one', 'two']);
});

test('a path that is not there, a file of 50 MB, bytes that are no text', () => {
  const big = write('big.yaml', '');
  truncateSync(big, 50 * 1024 * 1024);
  writeFileSync(join(folder, 'bytes.yaml'), Buffer.from([0x61, 0xff, 0xfe]));
  expect(problems(join(folder, 'gone.yaml'), folder)).toEqual([
    'unreadable gone.yaml:1 gone.yaml cannot be read (ENOENT)',
    'unreadable big.yaml:1 big.yaml is 50 MiB, more than the 16 MiB a manifest may have',
    'unreadable bytes.yaml:1 bytes.yaml is not UTF-8',
  ]);
});

test('links that lead back up, to themselves and to what was read already', () => {
  write('a/one.yaml', gateway('one'));
  symlinkSync('..', join(folder, 'a', 'up'));
  symlinkSync('self', join(folder, 'self'));
  symlinkSync('a', join(folder, 'b'));
  expect(problems(folder)).toEqual([
    'unreadable a/up:1 up is a link that leads back to a folder above it',
    'unreadable self:1 self is a link that leads to itself (ELOOP)',
  ]);
  expect(loadManifests([folder]).manifests).toHaveLength(1);
});

test('aliases that expand without end, and nesting without end', () => {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
  );
  write('laughs.yaml', `l0: &l0 [x]\n${levels.join('\n')}\n`);
  write('nested.yaml', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`);
  expect(problems(folder)).toEqual([
    expect.stringContaining('yaml laughs.yaml:1 expands aliases'),
    expect.stringMatching(/^yaml nested\.yaml:1 /),
  ]);
});

test('documents that are no objects; kustomizations, waivers and charts are none of ours', () => {
  write('list.yaml', '- 1\n');
  write('kind.yaml', 'kind: TaskAgent\n');
  write('name.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {}\n');
  write('package.json', '{"name": "x"}');
  write('kustomization.yaml', 'resources: []\n');
  write('chart/Chart.yaml', 'name: x\n');
  write('chart/templates/a.yaml', '{{ .Values.x }}\n');
  expect(problems(folder)).toEqual([
    'not-an-object kind.yaml:1 this document has no apiVersion and kind',
    'not-an-object list.yaml:1 this document is not an object',
    'not-an-object name.yaml:1 this Secret has no metadata.name',
  ]);
  expect(loadManifests([folder]).skipped).toEqual([expect.stringContaining('a Helm chart')]);
});

test('Lists are opened, and places inside them found', () => {
  const text = `apiVersion: v1\nkind: List\nitems:\n${gateway('one').replaceAll(/^/gm, '    ').replace('    api', '  - api').trimEnd()}\n`;
  const [manifest] = loadManifests([write('list.yaml', text)]).manifests;
  expect(manifest?.name).toBe('one');
  expect(manifest?.locate(['spec', 'listeners']).line).toBe(9);
});

test('one name twice in a set is an error, in two sets it is not', () => {
  const rules = (): string[] =>
    validate(loadManifests([folder]), { now: new Date(0) }).findings.map(({ rule }) => rule);
  write('dev/kustomization.yaml', 'resources: []\n');
  write('prod/kustomization.yaml', 'resources: []\n');
  write('dev/a.yaml', gateway('one'));
  write('prod/a.yaml', gateway('one'));
  expect(rules()).toEqual([]);
  write('prod/b.yaml', gateway('one'));
  expect(rules()).toEqual(['duplicate-object']);
});
