/** `npm run synth`: what is committed in dist/ is what the sources say, byte for byte, each time. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { secretShapes } from '../../policy/secret-text.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

const run = promisify(execFile);

/** Written beside the manifests for `clrk validate`, and in no commit. */
const recorded = new Set(['clrk-sources.json', 'construct-metadata.json']);

function readTree(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !recorded.has(entry.name),
  );
  const entries = files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(folder.length + 1), readFileSync(path, 'utf8')] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly verbs: string[];
    readonly resources: string[];
    readonly apiGroups: string[];
  }[];
}

const dist = readTree(join(repositoryRoot, 'dist'));

function manifests(folder: string): Manifest[] {
  return Object.entries(dist)
    .filter(([name]) => name.startsWith(`${folder}/`) && name.endsWith('.yaml'))
    .map(([, text]) => parse(text) as Manifest);
}

describe('synth', () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'clrk-synth-')));
  beforeAll(async () => {
    for (const folder of folders) {
      await run(process.execPath, ['--import', 'tsx', 'apps/main.ts'], {
        cwd: repositoryRoot,
        env: { ...process.env, CDK8S_OUTDIR: folder },
      });
    }
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  test('gives the same bytes twice, and they are those in dist/', () => {
    const [first, second] = folders.map(readTree);
    expect(second).toEqual(first);
    expect(dist).toEqual(first);
  });

  test.each(['platform', 'defaults', 'examples', 'examples-openai'])(
    'dist/%s: kustomize lists every manifest',
    (folder) => {
      const listed = (parse(dist[`${folder}/Kustomization`] ?? '') as { resources: string[] }).resources;
      const files = Object.keys(dist).filter(
        (name) => name.startsWith(`${folder}/`) && name.endsWith('.yaml'),
      );
      const own = listed.filter((name) => name !== '../../crds');
      expect(own.map((name) => `${folder}/${name}`).toSorted()).toEqual(files.toSorted());
      expect(listed.length - own.length).toBe(folder === 'platform' ? 1 : 0);
    },
  );

  test('no rule of any role has a wildcard', () => {
    const rules = manifests('platform').flatMap((manifest) => manifest.rules ?? []);
    expect(rules.length).toBeGreaterThan(10);
    const words = rules.flatMap((rule) => [...rule.verbs, ...rule.resources, ...rule.apiGroups]);
    expect(words.filter((word) => word.includes('*'))).toEqual([]);
  });

  test('nothing in dist/ is a Secret or holds a key', () => {
    expect(
      ['platform', 'examples', 'examples-openai'].flatMap(manifests).filter(({ kind }) => kind === 'Secret'),
    ).toEqual([]);
    // One admission policy holds the shapes of keys, as patterns.
    const holding = Object.entries(dist).filter(([, text]) =>
      secretShapes.some(([, shape]) => shape.test(text)),
    );
    expect(holding.map(([name]) => name)).toEqual([]);
  });

  test('the real-provider variant is the example without the stand-in’s trust and addresses', () => {
    const upstream = /  upstreamTLS:\n(?: {4}.*\n)+/;
    for (const [name, text] of Object.entries(dist).filter(([each]) => each.startsWith('examples/'))) {
      expect(dist[name.replace('examples/', 'examples-openai/')]).toBe(text.replace(upstream, ''));
    }
    expect(dist['examples/EgressGateway.default.k8s.yaml']).toMatch(upstream);
  });
});
