/** dist/platform on a real cluster by stock kubectl: everything comes up, agents run in sandboxes, and a lost worker is survived. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemNamespace } from '../../../contract/index.ts';
import { repositoryRoot } from '../../../local/root.ts';
import { Cluster, until } from './cluster.ts';
import { expectHello, recorded } from './hello.ts';
import { configurePlatform } from './platform.ts';
import { agentNamespace, Scene } from './scene.ts';

let cluster: Cluster;
let scene: Scene;
beforeAll(async () => {
  cluster = await Cluster.open();
  scene = await Scene.open(cluster);
}, 600_000);
afterAll(async () => {
  await scene.removeHello();
  await cluster.must(['delete', 'namespace', systemNamespace, '--timeout=120s'], { timeoutMs: 150_000 });
}, 400_000);

const folder = (name: string): string => join(repositoryRoot, name);

test('stock kubectl applies it, and every Deployment becomes Available', async () => {
  await cluster.must(['apply', '--server-side', '-f', folder('crds')]);
  await cluster.must(['apply', '--server-side', '-f', folder('dist/platform')]);
  await configurePlatform(cluster);
  await cluster.wait('Available', systemNamespace, 'deployment', '--all');
  await cluster.must(['-n', systemNamespace, 'rollout', 'status', 'statefulset/clrk-nats', '--timeout=120s']);
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

test('a worker pod deleted under load: the stream recovers, and every call has one final record', async () => {
  const doomed = await workerPod();
  let answered = 0;
  let deleted = false;
  const stream = scene.stream(60, ({ status }) => {
    if (status === 200) answered += 1;
    if (answered === 10 && !deleted) {
      deleted = true;
      void cluster.kubectl(['-n', agentNamespace, 'delete', doomed, '--wait=false']);
    }
  });
  const results = await stream;
  expect(deleted).toBe(true);
  await until('a new worker', async () => {
    const pods = await workerPods();
    return pods.length === 2 && !pods.includes(doomed) ? pods : undefined;
  });
  const last = results.slice(-10).map(({ status }) => status);
  expect(last, 'the last ten calls').toEqual(Array.from({ length: 10 }, () => 200));
  const broken = results.filter(({ status }) => status !== 200);
  expect(broken.map(({ status }) => status).filter((status) => status < 500 && status !== 0)).toEqual([]);
  console.log(`${results.length} calls in 60 s while a worker went away; ${broken.length} failed`, broken);
  for (const { id } of results.slice(-3))
    expect((await recorded(cluster, id)).status.phase).toBe('Succeeded');
}, 600_000);
