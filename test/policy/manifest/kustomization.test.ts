/** Kustomizations and charts through the real kubectl and helm, and without them. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadManifests, type Programs } from '../../../policy/index.ts';
import { testProgram } from './programs.ts';

let folder = '';
let programs: Programs = {};
beforeAll(() => {
  programs = { kubectl: testProgram('kubectl'), helm: testProgram('helm') };
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-kustomization-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const config = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

interface Loaded {
  readonly objects: readonly string[];
  readonly problems: readonly string[];
}

function load(given: Programs = programs): Loaded {
  const { manifests, problems } = loadManifests([folder], { programs: given });
  return {
    objects: manifests.map(({ kind, name, file }) => `${kind} ${name} of ${file.slice(folder.length + 1)}`),
    problems: problems.map(
      ({ rule, message, location: { file } }) => `${rule} ${file.slice(folder.length + 1)} ${message}`,
    ),
  };
}

describe('kustomizations', () => {
  test('what is applied is what kustomize builds: patches, generators, prefixes, namespaces', () => {
    write({
      'kustomization.yaml':
        'namespace: shop\nnamePrefix: my-\nresources: [a.yaml]\npatches: [{path: p.yaml}]\nconfigMapGenerator: [{name: made, files: [key=data.yaml], options: {disableNameSuffixHash: true}}]\n',
      'a.yaml': config('a'),
      'p.yaml': `${config('a')}data: {patched: "1"}\n`,
      'data.yaml': config('content'),
    });
    const { manifests, problems } = loadManifests([folder], { programs });
    expect(problems).toEqual([]);
    expect(manifests.map(({ name, namespace }) => `${namespace}/${name}`)).toEqual([
      'shop/my-a',
      'shop/my-made',
    ]);
    expect(manifests[0]?.value['data']).toEqual({ patched: '1' });
  });

  test('one that another names is a part of it and is not applied on its own', () => {
    write({
      'base/kustomization.yaml': 'resources: [a.yaml]\n',
      'base/a.yaml': config('a'),
      'dev/Kustomization': 'namePrefix: dev-\nresources: [../base]\n',
      'prod/kustomization.yml': 'namePrefix: prod-\nresources: [../base]\n',
    });
    expect(load()).toEqual({
      objects: ['ConfigMap dev-a of dev/Kustomization', 'ConfigMap prod-a of prod/kustomization.yml'],
      problems: [],
    });
  });

  test('places are those of the file an object was written in, where that can be told', () => {
    write({
      'kustomization.yaml': 'resources: [a.yaml, b.yaml]\npatches: [{path: p.yaml, target: {name: b}}]\n',
      'a.yaml': `# one line down\n${config('a')}data: {x: y}\n`,
      'b.yaml': config('b'),
      'p.yaml': `${config('b')}data: {p: q}\n`,
    });
    const { manifests } = loadManifests([folder], { programs });
    const place = (index: number) => {
      const { file, line } = manifests[index]?.locate(['data', 'x']) ?? { file: '', line: 0 };
      return `${file.slice(folder.length + 1)}:${line}`;
    };
    // Of b there are two files: which of them it is about nobody can say.
    expect([place(0), place(1)]).toEqual(['a.yaml:5', 'kustomization.yaml:1']);
  });

  test('without kubectl nothing is guessed', () => {
    write({ 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': config('a') });
    expect(load({ kubectl: null })).toEqual({
      objects: [],
      problems: [
        'not-seen kustomization.yaml kustomization.yaml is a kustomization, and there is no kubectl to render it',
      ],
    });
  });

  test('what kustomize refuses is told in its words', () => {
    write({ 'kustomization.yaml': 'resources: [gone.yaml]\n' });
    expect(load().problems).toEqual([expect.stringMatching(/^not-seen .* cannot be rendered: .*gone\.yaml/)]);
  });

  test('circles are told, not passed over', () => {
    write({ 'a/kustomization.yaml': 'resources: [../b]\n', 'b/kustomization.yaml': 'resources: [../a]\n' });
    expect(load().problems).toEqual([
      expect.stringMatching(/^not-seen a\/.*cycle/),
      expect.stringMatching(/^not-seen b\/.*cycle/),
    ]);
  });

  test('a second document and a manifest beside it are told', () => {
    write({
      'kustomization.yaml': `resources: [a.yaml]\n---\n${config('second')}`,
      'a.yaml': config('a'),
      '.b.yaml': config('b'),
      'sub/c.yml': config('c'),
      'values.yaml': 'no: manifest\n',
    });
    expect(load().problems).toEqual([
      'not-seen kustomization.yaml kustomization.yaml has more than one document',
      'not-seen .b.yaml .b.yaml lies in the folder of a kustomization that does not name it',
      'not-seen sub/c.yml c.yml lies in the folder of a kustomization that does not name it',
    ]);
  });

  /** kustomize asks no proxy for what is on this machine, and loads files by URL in many places. */
  test.each<[string, (url: string) => Readonly<Record<string, string>>]>([
    ['a remote base', (url) => ({ 'kustomization.yaml': `resources: ["${url}"]\n` })],
    [
      'a base of a base',
      (url) => ({
        'top/kustomization.yaml': 'resources: [../base]\n',
        'base/kustomization.yaml': `components: ["${url}"]\n`,
      }),
    ],
    ['a patch', (url) => ({ 'kustomization.yaml': `patches: [{path: "${url}", target: {kind: Pod}}]\n` })],
    [
      'a file of a generator',
      (url) => ({ 'kustomization.yaml': `secretGenerator: [{name: s, files: ["key=${url}"]}]\n` }),
    ],
    [
      'variables of a generator',
      (url) => ({ 'kustomization.yaml': `configMapGenerator: [{name: s, envs: ["${url}"]}]\n` }),
    ],
    ['a schema', (url) => ({ 'kustomization.yaml': `openapi: {path: "${url}"}\n` })],
    [
      'the configuration of a plugin',
      (url) => ({
        'kustomization.yaml': 'generators: [plugin.yaml]\n',
        'plugin.yaml': `apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: m}\nfiles: ["key=${url}"]\n`,
      }),
    ],
    [
      'the configuration of a plugin written in place',
      (url) => ({
        'kustomization.yaml': `transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: m}\n  path: "${url}"\n`,
      }),
    ],
    [
      'the configuration of a plugin that is a kustomization',
      (url) => ({
        'kustomization.yaml': 'transformers: [plugins]\n',
        'plugins/kustomization.yaml': 'resources: [plugin.yaml]\n',
        'plugins/plugin.yaml': `apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: m}\npath: "${url}"\n`,
      }),
    ],
  ])('nothing is fetched: %s ends with its name, and no connection is made', async (_what, files) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const url = `http://127.0.0.1:${port}/a.yaml`;
    write(files(url));
    const { problems } = load();
    expect(problems).toEqual([
      expect.stringContaining(`names ${url}, which is not here and is never fetched`),
    ]);
    // A connection made meanwhile waits to be taken.
    await new Promise((resolve) => server.close(resolve));
    expect(connections).toBe(0);
  });

  test('an address in what a manifest holds is no base', () => {
    write({
      'kustomization.yaml':
        'resources: [a.yaml]\ncommonAnnotations: {docs: "https://example.com/x"}\nconfigMapGenerator: [{name: m, literals: ["url=http://127.0.0.1/x"]}]\n',
      'a.yaml': `${config('a')}data: {path: "http://127.0.0.1/x"}\n`,
    });
    expect(load().problems).toEqual([]);
  });

  test('a renderer without end and one without bound are ended', () => {
    write({ 'kustomization.yaml': 'resources: []\n', 'flood.sh': '#!/bin/sh\nexec /usr/bin/yes\n' });
    chmodSync(join(folder, 'flood.sh'), 0o755);
    expect(load({ kubectl: join(folder, 'flood.sh') }).problems).toEqual([
      expect.stringContaining('its output is more than 64 MiB'),
    ]);
  });

  test('a renderer sees nothing of the environment', () => {
    write({ 'kustomization.yaml': 'resources: []\n', 'env.sh': '#!/bin/sh\n/usr/bin/env >&2\nexit 1\n' });
    chmodSync(join(folder, 'env.sh'), 0o755);
    process.env['CLRK_TEST_SECRET'] = 'do-not-tell';
    writeFileSync(
      join(folder, 'env.sh'),
      '#!/bin/sh\nif [ -n "$CLRK_TEST_SECRET" ]; then echo error: seen >&2; else echo error: clean >&2; fi\nexit 1\n',
    );
    expect(load({ kubectl: join(folder, 'env.sh') }).problems).toEqual([
      expect.stringContaining('cannot be rendered: clean'),
    ]);
    delete process.env['CLRK_TEST_SECRET'];
  });
});

describe('charts', () => {
  const chart = {
    'chart/Chart.yaml': 'apiVersion: v2\nname: agents\nversion: 0.1.0\n',
    'chart/values.yaml': 'name: from-values\n',
    'chart/templates/a.yaml': config('{{ .Values.name }}').replace(
      '{name: {{ .Values.name }}}',
      '\n  name: {{ .Values.name }}',
    ),
    'chart/crds/c.yaml': config('crd'),
  };

  test('are rendered with their own values, crds too, and it is said', () => {
    write(chart);
    expect(load()).toEqual({
      objects: ['ConfigMap crd of chart/Chart.yaml', 'ConfigMap from-values of chart/Chart.yaml'],
      problems: [],
    });
    expect(loadManifests([folder], { programs }).skipped).toEqual([expect.stringContaining('own values')]);
  });

  test('without helm nothing is guessed', () => {
    write(chart);
    expect(load({ ...programs, helm: null }).problems).toEqual([
      expect.stringContaining('Chart.yaml is a Helm chart, and there is no helm to render it'),
    ]);
  });

  test('what does not render is told', () => {
    write({ ...chart, 'chart/templates/a.yaml': '{{ fail "no such thing" }}\n' });
    expect(load().problems).toEqual([expect.stringContaining('no such thing')]);
  });
});
