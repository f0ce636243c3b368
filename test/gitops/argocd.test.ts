/** What Argo CD and Flux are given: actions that do what their names say, a ConfigMap made of the tested scripts, paths that exist. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { argocdConfigMap } from '../../apps/argocd.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { runLua } from './lua.ts';

const run = promisify(execFile);
const customizations = join(repositoryRoot, 'gitops/argocd/resource_customizations');
const read = (path: string): string => readFileSync(join(customizations, 'clrk.apoxy.dev', path), 'utf8');
const pool = (replicas?: number, annotations?: object) => ({
  apiVersion: 'clrk.apoxy.dev/v1alpha1',
  kind: 'WorkerPool',
  metadata: { name: 'p', ...(annotations === undefined ? {} : { annotations }) },
  spec: { ...(replicas === undefined ? {} : { replicas }), template: { image: 'i' } },
});
const kept = 'clrk.apoxy.dev/suspended-replicas';

async function act(action: string, object: object): Promise<unknown> {
  const [result] = await runLua(read(`${action}/action.lua`), [object]);
  return result;
}

describe('actions', () => {
  test('suspend keeps the number of workers, resume brings them back', async () => {
    const asleep = await act('WorkerPool/actions/suspend', pool(3));
    expect(asleep).toMatchObject({ metadata: { annotations: { [kept]: '3' } }, spec: { replicas: 0 } });
    const awake = await act('WorkerPool/actions/resume', asleep as object);
    expect(awake).toMatchObject({ spec: { replicas: 3, template: { image: 'i' } } });
    expect(JSON.stringify(awake)).not.toContain(kept);
  });

  test.each([
    [undefined, undefined, 1],
    [0, undefined, 1],
    [0, { [kept]: 'many' }, 1],
  ])('a pool of %s workers with annotations %j resumes with %d', async (replicas, annotations, expected) => {
    const object = await act('WorkerPool/actions/resume', pool(replicas, annotations));
    expect(object).toMatchObject({ spec: { replicas: expected } });
  });

  test.each(['WorkerPool', 'TaskAgent'])(
    'restart of a %s stamps its pod template and nothing else',
    async (kind) => {
      const before = { ...pool(2), kind };
      const after = (await act(`${kind}/actions/restart`, before)) as typeof before & {
        spec: { template: { metadata?: { annotations: Record<string, string> } } };
      };
      const stamp = after.spec.template.metadata?.annotations['clrk.apoxy.dev/restartedAt'];
      expect(stamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      delete after.spec.template.metadata;
      expect(after).toEqual(before);
    },
  );

  test.each([
    [pool(2), { restart: false, suspend: false, resume: true }],
    [pool(0), { restart: true, suspend: true, resume: false }],
  ])('discovery disables what makes no sense', async (object, expected) => {
    const [found] = (await runLua(read('WorkerPool/actions/discovery.lua'), [object])) as Record<
      string,
      { disabled: boolean }
    >[];
    const disabled = Object.entries(found ?? {}).map(([name, action]) => [name, action.disabled]);
    expect(Object.fromEntries(disabled)).toEqual(expected);
  });
});

test('dist/argocd/argocd-cm.yaml carries the tested scripts', () => {
  const text = readFileSync(join(repositoryRoot, 'dist/argocd/argocd-cm.yaml'), 'utf8');
  expect(text).toBe(argocdConfigMap(customizations));
  const { data } = parse(text) as { data: Record<string, string> };
  const groups = parse(data['resource.customizations'] ?? '') as Record<string, Record<string, string>>;
  expect(groups['clrk.apoxy.dev/*']?.['health.lua']).toBe(read('_/health.lua'));
  expect(parse(groups['clrk.apoxy.dev/*']?.['ignoreResourceUpdates'] ?? '')).toEqual({
    jsonPointers: ['/status'],
  });
  const actions = parse(data['resource.customizations.actions.clrk.apoxy.dev_WorkerPool'] ?? '') as {
    definitions: { name: string; 'action.lua': string }[];
  };
  expect(actions.definitions.map(({ name }) => name)).toEqual(['restart', 'resume', 'suspend']);
  expect(actions.definitions[2]?.['action.lua']).toBe(read('WorkerPool/actions/suspend/action.lua'));
});

interface Layer {
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec: {
    readonly path?: string;
    readonly source?: { readonly path: string };
    readonly dependsOn?: { readonly name: string }[];
  };
}

describe.each(['argocd/applications.yaml', 'flux/clrk.yaml'])('gitops/%s', (file) => {
  const documents = parseAllDocuments(readFileSync(join(repositoryRoot, 'gitops', file), 'utf8'));
  const layers = documents
    .map((document) => document.toJS() as Layer)
    .filter(({ spec }) => spec.path !== undefined || spec.source !== undefined);
  const paths = layers.map(({ spec }) => spec.path ?? spec.source?.path ?? '');

  test('its layers build with kustomize, in the order platform, defaults, agents', async () => {
    expect(paths.map((path) => path.replace('./', ''))).toEqual([
      'dist/platform',
      'dist/defaults',
      'dist/examples-openai',
    ]);
    const cache = process.env['CLRK_CACHE'] ?? join(homedir(), '.cache/clrk');
    const kubectl = join(cache, 'tools/kubectl/1.34.2/kubectl');
    for (const path of paths) {
      expect(existsSync(join(repositoryRoot, path, 'Kustomization'))).toBe(true);
      const { stdout } = await run(kubectl, ['kustomize', path], {
        cwd: repositoryRoot,
        maxBuffer: 64 * 1024 * 1024,
      });
      expect(stdout).toContain('apiVersion');
    }
  });

  test('each layer comes after the one before it', () => {
    for (const [index, { metadata, spec }] of layers.entries()) {
      const before = layers[index - 1]?.metadata.name;
      const wave = metadata.annotations?.['argocd.argoproj.io/sync-wave'];
      if (wave !== undefined) expect(wave).toBe(String(index));
      else
        expect(spec.dependsOn?.map(({ name }) => name)).toEqual(before === undefined ? undefined : [before]);
    }
  });
});
