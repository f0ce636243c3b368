/**
 * `clrk install`, `upgrade` and `uninstall` against a real API server: what is there afterwards, what stops them before
 * the first write, what stays. No kubelet runs here, so the tests do not wait for pods (--no-wait); test/e2e does.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubernetesObjectApi, PatchStrategy, type KubernetesObject } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { compareVersions } from '../../../cli/install/version-order.ts';
import { waitsFor } from '../../../cli/install/rollout.ts';
import { repositoryRoot } from '../../../scripts/source-files.ts';
import { ControlPlane, eventually } from '../../operator/control-plane.ts';
import { StandInServer, type RunResult } from '../stand-in-server.ts';

const cli = new StandInServer();
let plane: ControlPlane;
let api: KubernetesObjectApi;
let kubeconfig = '';

beforeAll(async () => {
  plane = await ControlPlane.start();
  kubeconfig = join(plane.directory, 'cli.kubeconfig');
  writeFileSync(kubeconfig, plane.config().exportConfig(), { mode: 0o600 });
  api = KubernetesObjectApi.makeApiClient(plane.config());
  await create({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'disk', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.test/disk',
  });
}, 120_000);

afterAll(async () => {
  await plane.stop();
}, 60_000);

/** Every test leaves an empty cluster to the next. */
afterEach(async () => {
  const { code, stderr } = await clrk('uninstall', '--purge', '--yes');
  // 3: the test installed nothing.
  if (code !== 0 && code !== 3) throw new Error(stderr);
  await eventually(async () => {
    expect(await get('v1', 'Namespace', 'clrk-system')).toBeUndefined();
  }, 60_000);
}, 90_000);

async function clrk(...words: string[]): Promise<RunResult> {
  return await cli.run(words, { environment: { KUBECONFIG: kubeconfig } });
}

async function create(object: KubernetesObject & Readonly<Record<string, unknown>>): Promise<void> {
  await api.create(object);
}

interface Workload extends KubernetesObject {
  readonly spec?: { template?: { spec?: { containers: { image: string }[] } } };
}

async function get(apiVersion: string, kind: string, name: string, namespace = 'clrk-system') {
  try {
    return await api.read<Workload>({ apiVersion, kind, metadata: { name, namespace } });
  } catch (error) {
    if ((error as { code?: number }).code === 404) return undefined;
    throw error;
  }
}

async function operatorImage(): Promise<string | undefined> {
  const found = await get('apps/v1', 'Deployment', 'clrk-operator');
  return found?.spec?.template?.spec?.containers[0]?.image;
}

const objectsOf = (text: string) =>
  parseAllDocuments(text).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string; annotations?: unknown } },
  );

describe('clrk install', () => {
  test('--dry-run -o yaml prints dist/platform and the kinds, and needs no cluster', async () => {
    const { code, stdout } = await cli.run(['install', '--dry-run', '-o', 'yaml'], {
      environment: { KUBECONFIG: '/nonexistent' },
    });
    expect(code).toBe(0);
    const printed = objectsOf(stdout);
    expect(printed[0]?.kind).toBe('Namespace');
    const own = printed.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    const folder = join(repositoryRoot, 'dist/platform');
    const committed = readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => parse(readFileSync(join(folder, name), 'utf8')) as (typeof own)[number]);
    const key = ({ kind, metadata }: (typeof own)[number]): string => `${kind}/${metadata.name}`;
    const settings = own.find(({ kind }) => kind === 'ConfigMap');
    expect(settings?.metadata.annotations).toEqual({ 'clrk.apoxy.dev/install-options': '{}' });
    delete settings?.metadata.annotations;
    const sorted = (objects: typeof own) => objects.toSorted((a, b) => key(a).localeCompare(key(b)));
    expect(sorted(own)).toEqual(sorted(committed));
  });

  test('installs, is content a second time, upgrades with its options, keeps data when it goes', async () => {
    const first = await clrk('install', '--no-wait', '--image', 'registry.example/clrk:0.1.0');
    expect(first.stderr).toContain('ok      storage: disk (default)');
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain('deployment.apps/clrk-operator serverside-applied');
    expect(await operatorImage()).toBe('registry.example/clrk:0.1.0');

    expect((await clrk('install', '--no-wait')).code).toBe(0);
    const upgrade = await clrk('upgrade', '--no-wait', '--platform-cidrs', '10.0.0.0/8');
    expect(upgrade.stderr).toContain('0.1.0 is installed');
    expect(upgrade.code).toBe(0);
    expect(await operatorImage()).toBe('registry.example/clrk:0.1.0');
    expect(await get('v1', 'ConfigMap', 'clrk-platform')).toMatchObject({
      data: { platformCidrs: '10.0.0.0/8' },
    });

    await create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'clrk-platform-auth', namespace: 'clrk-system' },
    });
    const dry = await clrk('uninstall', '--dry-run');
    expect(dry.stdout).toContain('deployment.apps/clrk-operator deleted (dry run)');
    expect(await operatorImage()).toBeDefined();
    const gone = await clrk('uninstall');
    expect(gone).toMatchObject({ code: 0 });
    expect(gone.stderr).toContain('Kept: the kinds with 0 objects');
    expect(await operatorImage()).toBeUndefined();
    expect(await get('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clrk-operator')).toBeUndefined();
    expect(await get('v1', 'Secret', 'clrk-platform-auth')).toBeDefined();
    expect(await get('v1', 'PersistentVolumeClaim', 'clrk-telemetry')).toBeDefined();
    const crd = 'taskagents.clrk.apoxy.dev';
    expect(await get('apiextensions.k8s.io/v1', 'CustomResourceDefinition', crd)).toBeDefined();

    expect((await clrk('install', '--no-wait')).code).toBe(0);
    const unsure = await clrk('uninstall', '--purge');
    expect(unsure).toMatchObject({ code: 2 });
    expect(unsure.stderr).toContain('--yes');
    expect(await operatorImage()).toBeDefined();
    expect((await clrk('uninstall')).code).toBe(0);
    // What was kept can be purged later.
    expect((await clrk('uninstall', '--purge', '--yes')).code).toBe(0);
    expect(await get('apiextensions.k8s.io/v1', 'CustomResourceDefinition', crd)).toBeUndefined();
  }, 120_000);

  test('waits for pods, says for which, and ends with 5 when they do not come', async () => {
    const { code, stderr } = await clrk('install', '--timeout', '1s');
    expect(code).toBe(5);
    expect(stderr).toMatch(/waiting for (deployment|statefulset)\/clrk-\w+/);
    expect(stderr).toMatch(/is not ready: .*\n.*describe pods/);
  });

  test.each([
    [['upgrade'], 'nothing is installed in clrk-system'],
    [['install', '--storage-class', 'fast'], 'there is no StorageClass fast'],
    [['install', '--crds', 'sometimes'], 'is not one of always, if-missing, never'],
    [['install', '--timeout', 'soon'], 'is not like 90s or 5m'],
    [['install', '-o', 'yaml'], 'together with --dry-run'],
    [['uninstall'], 'nothing is installed in clrk-system'],
  ])('%s is refused before anything is written', async (words, message) => {
    const { code, stderr } = await clrk(...words);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(await get('v1', 'Namespace', 'clrk-system')).toBeUndefined();
  });

  test('a second installation, a newer one and another tool’s are refused, each with the way out', async () => {
    expect((await clrk('install', '--no-wait')).code).toBe(0);
    const second = await clrk('install', '-n', 'elsewhere', '--no-wait');
    expect(second.stderr).toContain('it is installed in namespace clrk-system');
    expect(second.code).toBe(1);
    expect(await get('v1', 'Namespace', 'elsewhere')).toBeUndefined();

    const label = async (version: string, fieldManager: string): Promise<void> => {
      const metadata = {
        name: 'clrk-operator',
        namespace: 'clrk-system',
        labels: { 'app.kubernetes.io/version': version },
      };
      await api.patch(
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata },
        undefined,
        undefined,
        fieldManager,
        true,
        PatchStrategy.ServerSideApply,
      );
    };
    await label('9.0.0', 'clrk-test');
    const newer = await clrk('upgrade', '--no-wait');
    expect(newer.stderr).toContain('9.0.0 is installed, which is newer than 0.1.0');
    expect(newer.code).toBe(1);
    const down = await clrk('upgrade', '--no-wait', '--allow-downgrade', '--force-conflicts');
    expect(down.code).toBe(0);
    await label('0.1.0', 'kustomize-controller');
    for (const action of ['upgrade', 'uninstall']) {
      const refused = await clrk(action);
      expect(refused.stderr).toContain('Flux manages the installation in clrk-system');
      expect(refused.code).toBe(1);
    }
    await api.delete({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'clrk-operator', namespace: 'clrk-system' },
    });
    expect((await clrk('install', '--no-wait')).code).toBe(0);
  }, 120_000);

  test('someone without the rights is told which are missing', async () => {
    await create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'nobody', namespace: 'default' },
    });
    const file = join(plane.directory, 'nobody.kubeconfig');
    const token = await plane.tokenOf('default', 'nobody');
    writeFileSync(file, plane.config(token).exportConfig(), { mode: 0o600 });
    const { code, stderr } = await cli.run(['install'], { environment: { KUBECONFIG: file } });
    expect(code).not.toBe(0);
    expect(stderr.split('\n').length).toBeLessThan(40);
    expect(stderr).toMatch(/you may not write .*clusterroles|forbidden/);
  });
});

test.each([
  ['0.1.0', '0.1.0', 0],
  ['0.2.0', '0.1.9', 1],
  ['v0.1.0', '0.1.1', -1],
  ['0.10.0', '0.9.0', 1],
  ['1.0.0-rc.1', '1.0.0', -1],
  ['1.0.0', '1.0.0-rc.1', 1],
  ['1.0.0-rc.1', '1.0.0-rc.2', -1],
])('version %s against %s is %d', (left, right, expected) => {
  expect(compareVersions(left, right)).toBe(expected);
});

test.each([
  [{ metadata: { generation: 2 }, spec: {}, status: { observedGeneration: 1 } }, 'not observed yet'],
  [
    {
      metadata: { generation: 1 },
      spec: { replicas: 2 },
      status: { observedGeneration: 1, updatedReplicas: 2, readyReplicas: 1 },
    },
    '1 of 2 pods ready',
  ],
  [
    {
      metadata: { generation: 1 },
      spec: { replicas: 2 },
      status: { observedGeneration: 1, updatedReplicas: 1, readyReplicas: 2 },
    },
    '1 of 2 pods ready',
  ],
  [
    {
      metadata: { generation: 1 },
      spec: {},
      status: { observedGeneration: 1, updatedReplicas: 1, readyReplicas: 1 },
    },
    undefined,
  ],
  [{ metadata: { generation: 1 }, spec: { replicas: 0 }, status: { observedGeneration: 1 } }, undefined],
  [undefined, 'it does not exist'],
])('a workload in state %j waits for %s', (workload, expected) => {
  expect(waitsFor(workload)).toBe(expected);
});
