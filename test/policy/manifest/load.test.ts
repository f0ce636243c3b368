/** Bad input: one located line each, and never silence. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  exitCodeOfReport,
  loadManifests,
  parseManifestText,
  renderReport,
  reportFormats,
  validate,
  type EnvironmentPath,
} from '../../../policy/index.ts';

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
    expect.stringMatching(/^yaml laughs\.yaml:\d+ is larger than 4 MiB once its aliases/),
    expect.stringMatching(/^yaml nested\.yaml:1 /),
  ]);
});

test('documents that are no objects; files of our own and of packages are passed over', () => {
  write('list.yaml', '- 1\n');
  write('kind.yaml', 'kind: TaskAgent\n');
  write('name.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {}\n');
  write('package.json', '{"name": "x"}');
  write('clrk-waivers.yaml', 'waivers: []\n');
  expect(problems(folder)).toEqual([
    'not-an-object kind.yaml:1 this document has no apiVersion and kind',
    'not-an-object list.yaml:1 this document is not an object',
    'not-an-object name.yaml:1 this Secret has no metadata.name',
  ]);
});

test('what kubectl apply -R reads is read: every extension, hidden files and folders, names of our own files', () => {
  const names = [
    'a.yaml',
    'b.yml',
    'c.json',
    '.d.yaml',
    '.e/f/g.yaml',
    'clrk-waivers.yaml',
    'x/clrk-sources.json',
  ];
  names.forEach((name, index) => {
    const text = gateway(`g${index}`);
    write(name, name.endsWith('json') ? JSON.stringify(parse(text)) : text);
  });
  write('README.md', gateway('no'));
  write('UPPER.YAML', gateway('no'));
  const loaded = loadManifests([folder]);
  expect(loaded.problems).toEqual([]);
  expect(new Set(loaded.manifests.map(({ file }) => file.slice(folder.length + 1)))).toEqual(new Set(names));
});

test('what is not looked into is told: packages, sockets, objects rendered elsewhere', async () => {
  write('node_modules/x/a.yaml', gateway('one'));
  const server = createServer().listen(join(folder, 'pipe.yaml'));
  await once(server, 'listening');
  write('release.yaml', 'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r}\n');
  write('other.yaml', 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nmetadata: {name: c}\n');
  expect(problems(folder)).toEqual([
    'unreadable node_modules:1 node_modules holds packages and is not looked into',
    'unreadable pipe.yaml:1 pipe.yaml is neither a file nor a folder',
    'not-seen other.yaml:1 this Component is for kustomize, which does not look into a file of this name',
    'not-seen release.yaml:1 HelmRelease r stands for manifests that are rendered elsewhere',
  ]);
  server.close();
});

test('what Flux and Argo CD apply is seen when its folder is read as it is', () => {
  const path = write('apps/a.yaml', gateway('one')).replace(/\/a\.yaml$/, '');
  const flux = (spec: string): string =>
    `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: f}\nspec: {${spec}}\n`;
  const argo = (source: string): string =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: f}\nspec: {source: {${source}}}\n`;
  const isSeen = (text: string): boolean => {
    write('object.yaml', text);
    return problems(folder).length === 0;
  };
  expect(isSeen(flux(`path: ${path}, prune: true`))).toBe(true);
  expect(isSeen(flux(`path: ${path}, postBuild: {substitute: {a: b}}`))).toBe(false);
  expect(isSeen(flux('path: ./elsewhere'))).toBe(false);
  expect(isSeen(argo(`repoURL: x, path: ${path}`))).toBe(true);
  expect(isSeen(argo(`repoURL: x, path: ${path}, kustomize: {namePrefix: x}`))).toBe(false);
  expect(isSeen(argo('repoURL: x, chart: y'))).toBe(false);
});

test('stdin, generated names, an empty namespace and one that is given', () => {
  const text = `${gateway('one')}---\n${gateway('two').replace('name: two', 'generateName: two-')}---\n${gateway('x').replace('name: x', 'name: x\n  namespace: ""')}`;
  const loaded = loadManifests(['-'], { stdin: `${text}---\n${text}`, namespace: 'shop' });
  expect(loaded.problems).toEqual([]);
  expect(
    loaded.manifests.map(({ namespace, name, file }) => `${file} ${namespace} ${name}`).slice(0, 3),
  ).toEqual(['stdin shop one', 'stdin shop two-<generated 1>', 'stdin shop x']);
  const found = validate(loaded, { now: new Date(0) }).findings;
  // Names that the server makes up are never one name; the others are there twice.
  expect(found.map(({ rule }) => rule)).toEqual(['duplicate-object', 'duplicate-object']);
});

test('Lists are opened, and places inside them found', () => {
  const text = `apiVersion: v1\nkind: List\nitems:\n${gateway('one').replaceAll(/^/gm, '    ').replace('    api', '  - api').trimEnd()}\n`;
  const [manifest] = loadManifests([write('list.yaml', text)]).manifests;
  expect(manifest?.name).toBe('one');
  expect(manifest?.locate(['spec', 'listeners']).line).toBe(9);
});

test('whatever has items is a list, as for kubectl; items of a typed list need no type', () => {
  const inner = JSON.stringify(parse(gateway('inner')));
  const names = (text: string): string[] =>
    parseManifestText(text, 'x.yaml').manifests.map(({ name }) => name);
  expect(names(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: outer}\nitems: [${inner}]\n`)).toEqual([
    'inner',
  ]);
  expect(names('apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: bare}}]\n')).toEqual(['bare']);
  expect(names('apiVersion: v1\nkind: List\nitems: null\n---\napiVersion: v1\nkind: List\n')).toEqual([]);
  expect(parseManifestText('apiVersion: v1\nkind: List\nitems: 1\n', 'x').problems).toHaveLength(1);
});

test('one name twice: in one set an error, in two sets not to be told apart until somebody says so', () => {
  const rules = (...environments: EnvironmentPath[]): string[] =>
    validate(loadManifests([join(folder, 'dev'), join(folder, 'prod')], { environments }), {
      now: new Date(0),
    }).findings.map(({ rule }) => rule);
  const named = ['dev', 'prod'].map((name) => ({ name, path: join(folder, name) }));
  write('dev/a.yaml', gateway('one'));
  write('prod/a.yaml', gateway('one'));
  expect(rules()).toEqual(['not-seen']);
  expect(rules(...named)).toEqual([]);
  expect(rules(...named.map(({ path }) => ({ name: 'both', path })))).toEqual(['duplicate-object']);
  write('prod/b.yaml', gateway('one'));
  expect(rules(...named)).toEqual(['duplicate-object']);
});

test('one namespace written down in two sets is one namespace, when it is the same', () => {
  const rules = (): string[] =>
    validate(loadManifests([join(folder, 'a'), join(folder, 'b')]), { now: new Date(0) }).findings.map(
      ({ rule }) => rule,
    );
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: t, labels: {team: x}}\n';
  write('a/n.yaml', namespace);
  write('b/n.yaml', namespace);
  expect(rules()).toEqual([]);
  write('b/n.yaml', namespace.replace('team: x', 'team: y'));
  expect(rules()).toEqual(['not-seen']);
});

test('--assume-partial: what was not seen is a warning that says so, and the verdict is on the rest', () => {
  write('a.yaml', gateway('one'));
  write('b.yaml', 'a: [\n');
  const judge = (assumePartial: boolean) => {
    const report = validate(loadManifests([folder]), { now: new Date(0), assumePartial });
    const [finding] = report.findings;
    return [exitCodeOfReport(report, 'error'), report.undecided, report.partial, finding?.severity];
  };
  expect(judge(false)).toEqual([3, true, false, 'error']);
  expect(judge(true)).toEqual([0, false, true, 'warn']);
  const report = validate(loadManifests([folder]), { now: new Date(0), assumePartial: true });
  for (const format of reportFormats) expect(renderReport(report, format)).toContain('--assume-partial');
  expect(JSON.parse(renderReport(report, 'json'))).toMatchObject({ partial: true, undecided: false });
});
