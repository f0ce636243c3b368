/** `clrk install`, `upgrade` and `uninstall` on a real cluster: the same platform as dist/platform, and nothing left of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemNamespace } from '../../../contract/index.ts';
import { Cluster } from './cluster.ts';
import { expectHello } from './hello.ts';
import { configurePlatform, expectAvailable, removePlatform } from './platform.ts';
import { Scene } from './scene.ts';

let cluster: Cluster;
let scene: Scene;
beforeAll(async () => {
  cluster = await Cluster.open();
  scene = await Scene.open(cluster);
}, 600_000);
afterAll(() => removePlatform(cluster), 600_000);

test('a dry run changes nothing', async () => {
  const yaml = await cluster.mustClrk(['install', '--dry-run', '-o', 'yaml']);
  expect(yaml).toContain('kind: StatefulSet');
  const found = await cluster.kubectl(['get', 'namespace', systemNamespace]);
  expect(found.code).not.toBe(0);
}, 120_000);

test('install: everything is Available when it returns, and the hello agent answers', async () => {
  await cluster.mustClrk(['install', '--timeout', '8m']);
  await expectAvailable(cluster);
  await configurePlatform(cluster);
  await scene.installHello();
  await expectHello(cluster, scene);
}, 900_000);

test('upgrade goes over the running platform, and the agent answers on', async () => {
  await cluster.mustClrk(['upgrade', '--timeout', '8m']);
  await expectAvailable(cluster);
  await expectHello(cluster, scene);
}, 900_000);

test('uninstall keeps kinds and data; with --purge --yes nothing is left', async () => {
  await scene.removeHello();
  await cluster.mustClrk(['uninstall']);
  const workloads = ['-n', systemNamespace, 'get', 'deployments,statefulsets', '-o', 'name'];
  expect((await cluster.must(workloads)).trim()).toBe('');
  expect(await cluster.must(['get', 'crd', '-o', 'name'])).toContain('taskagents.clrk.apoxy.dev');
  expect(await cluster.must(['-n', systemNamespace, 'get', 'pvc', '-o', 'name'])).toContain('clrk-telemetry');
  await cluster.mustClrk(['uninstall', '--purge', '--yes']);
  const names = (
    await cluster.must(['get', 'crd,clusterroles,validatingadmissionpolicies', '-o', 'name'])
  ).split('\n');
  expect(names.filter((name) => name.includes('clrk'))).toEqual([]);
  // A namespace goes when the cluster has emptied it, which it does in its own time: gone, or on its way.
  const deleted = ['get', 'namespace', systemNamespace, '--ignore-not-found', '-o'];
  const [kept, going] = [
    await cluster.must([...deleted, 'name']),
    await cluster.must([...deleted, 'jsonpath={.metadata.deletionTimestamp}']),
  ];
  expect(kept === '' || going !== '').toBe(true);
}, 900_000);
