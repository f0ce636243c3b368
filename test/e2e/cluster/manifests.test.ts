/** dist/platform on a real cluster by stock kubectl: everything comes up, agents run in sandboxes, and a lost worker is survived. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../../local/root.ts';
import { Cluster, until } from './cluster.ts';
import { expectHello, recorded } from './hello.ts';
import { configurePlatform, expectAvailable, removePlatform } from './platform.ts';
import { agentNamespace, Scene } from './scene.ts';

let cluster: Cluster;
let scene: Scene;
beforeAll(async () => {
  cluster = await Cluster.open();
  scene = await Scene.open(cluster);
}, 600_000);
afterAll(() => removePlatform(cluster), 600_000);

const folder = (name: string): string => join(repositoryRoot, name);

test('stock kubectl applies it, and every Deployment becomes Available', async () => {
  await cluster.must(['apply', '--server-side', '-f', folder('crds')]);
  await cluster.must(['apply', '--server-side', '-f', folder('dist/platform')]);
  await configurePlatform(cluster);
  await expectAvailable(cluster);
}, 600_000);

test('the hello agent answers through its Service, in a sandbox of its own, and is recorded', async () => {
  await scene.installHello(2);
  await expectHello(cluster, scene);
}, 600_000);

test('a worker pod has the runsc it needs and no right but to its own Secret', async () => {
  const pod = await workerPod();
  const inside = ['-n', agentNamespace, 'exec', pod, '--', '/usr/local/bin/runsc', '--version'];
  expect(await cluster.must(inside)).toContain('runsc version');
  const account = `system:serviceaccount:${agentNamespace}:clrk-worker`;
  const can = async (...words: readonly string[]): Promise<string> =>
    (await cluster.kubectl(['-n', agentNamespace, 'auth', 'can-i', ...words, '--as', account])).stdout.trim();
  expect(await can('get', 'secrets')).toBe('no');
  expect(await can('list', 'pods')).toBe('no');
  expect(await can('create', 'pods')).toBe('no');
}, 120_000);

async function workerPods(): Promise<readonly string[]> {
  const selector = 'clrk.apoxy.dev/workerpool=default';
  const names = await cluster.must(['-n', agentNamespace, 'get', 'pods', '-l', selector, '-o', 'name']);
  return names.trim().split('\n');
}

async function workerPod(): Promise<string> {
  const [first = ''] = await workerPods();
  return first;
}

test('a worker pod deleted under load: the stream recovers, and every call has its one final record', async () => {
  const doomed = await workerPod();
  let answered = 0;
  let deletion: Promise<string> | undefined;
  const results = await scene.stream(24, ({ status }) => {
    if (status === 200) answered += 1;
    if (answered === 5) deletion ??= cluster.must(['-n', agentNamespace, 'delete', doomed, '--wait=false']);
  });
  expect(await deletion).toContain('deleted');
  const broken = results.filter(({ status }) => status !== 200);
  console.log(`${results.length} calls while a worker went away; not answered: ${JSON.stringify(broken)}`);
  // A call may be lost with its worker, never answered wrongly, and the stream goes on without anybody's help.
  expect(broken.filter(({ status }) => status !== 0 && status < 500)).toEqual([]);
  expect(results.slice(-6).map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
  await until('a worker in its place', async () => {
    const pods = await workerPods();
    return pods.length === 2 && !pods.includes(doomed) ? pods : undefined;
  });
  const records = await recorded(
    cluster,
    results.map(({ id }) => id),
  );
  const answeredIds = results.filter(({ status }) => status === 200).map(({ id }) => id);
  expect(answeredIds.filter((id) => records.get(id)?.status.phase !== 'Succeeded')).toEqual([]);
}, 900_000);
