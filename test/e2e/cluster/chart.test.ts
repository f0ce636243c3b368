/** The Helm charts on a real cluster by real helm: the same platform as dist/platform, upgraded and taken away again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemNamespace } from '../../../contract/index.ts';
import { repositoryRoot } from '../../../local/root.ts';
import { provideHelm } from '../../apps/helm-tool.ts';
import { Cluster } from './cluster.ts';
import { expectHello } from './hello.ts';
import { configurePlatform, expectAvailable, removePlatform } from './platform.ts';
import { mustRun } from './run-tool.ts';
import { Scene } from './scene.ts';

let cluster: Cluster;
let scene: Scene;
let home = '';
beforeAll(async () => {
  cluster = await Cluster.open();
  scene = await Scene.open(cluster);
  home = await mkdtemp(join(tmpdir(), 'clrk-helm-'));
}, 600_000);
afterAll(async () => {
  await removePlatform(cluster);
  await rm(home, { recursive: true, force: true });
}, 600_000);

async function helm(...words: readonly string[]): Promise<string> {
  const environment = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const at = ['--kubeconfig', cluster.kubeconfig, '--namespace', systemNamespace];
  return mustRun(provideHelm(), [...words, ...at], { environment, timeoutMs: 600_000 });
}
const chart = (name: string): string => join(repositoryRoot, 'dist/charts', name);

test('helm install: everything becomes Available, and the hello agent answers', async () => {
  await helm('install', 'clrk-crds', chart('clrk-crds'), '--create-namespace');
  await helm('install', 'clrk', chart('clrk'), '--wait', '--timeout', '8m');
  await expectAvailable(cluster);
  await configurePlatform(cluster);
  await scene.installHello();
  await expectHello(cluster, scene);
}, 900_000);

test('helm upgrade with other values rolls it over, and the agent answers on', async () => {
  await helm('upgrade', 'clrk', chart('clrk'), '--set', 'ingress.replicas=2', '--wait', '--timeout', '8m');
  const replicas = [
    '-n',
    systemNamespace,
    'get',
    'deployment',
    'clrk-ingress',
    '-o',
    'jsonpath={.spec.replicas}',
  ];
  expect(await cluster.must(replicas)).toBe('2');
  await expectAvailable(cluster);
  await expectHello(cluster, scene);
}, 900_000);

test('helm uninstall takes away what it made', async () => {
  await scene.removeHello();
  await helm('uninstall', 'clrk', '--wait', '--timeout', '5m');
  const left = ['-n', systemNamespace, 'get', 'deployments,statefulsets,services', '-o', 'name'];
  expect((await cluster.must(left)).trim()).toBe('');
}, 400_000);
