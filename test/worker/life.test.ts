/** How a worker begins and ends: drain, and what the next one clears up after one that was killed. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { clearDeadWorkers } from '../../worker/sandbox/orphans.ts';
import { onItsWay, TestWorker, testAgent, waitFor } from './test-worker.ts';

/** Everything on this machine that carries the worker's name or directory. */
function traces(name: string, directory: string): readonly string[] {
  const namespaces = existsSync('/run/netns')
    ? readdirSync('/run/netns').filter((each) => each.includes(name))
    : [];
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
  const processes = readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory);
    } catch {
      return false;
    }
  });
  const cgroups = existsSync(`/sys/fs/cgroup/memory/clrk/sandboxes/${name}`) ? ['cgroup'] : [];
  const owner = existsSync(`/run/clrk-owners/clrk-${name}.json`) ? ['owner file'] : [];
  return [...namespaces, ...mounts, ...processes.map((pid) => `process ${pid}`), ...cgroups, ...owner];
}

test('draining refuses new work, lets the running end, and leaves nothing', async () => {
  const worker = await TestWorker.open([
    testAgent('slow', 'sleep 1; echo done'),
    testAgent('warm', 'cat', { warmPoolSize: 1 }),
  ]);
  await waitFor(() => worker.worker.status().warm['default/warm-00001'] === 1);
  const running = worker.call('slow');
  await waitFor(() => worker.events.length === 1);
  const closed = worker.worker.close(10_000);
  expect(worker.worker.notReady()).toBe('draining');
  const refused = await worker.call('slow');
  expect(refused.headers['x-clrk-error-code']).toBe('WORKER_DRAINING');
  expect((await running).text).toBe('done\n');
  await closed;
  expect(worker.remains()).toEqual([]);
  await worker[Symbol.asyncDispose]();
}, 60_000);

test('says that it goes before it refuses, and takes what is on its way meanwhile', async () => {
  const worker = await TestWorker.open([testAgent('echo', 'cat')]);
  const left = worker.worker.leave(2_000);
  expect([worker.worker.status().draining, worker.worker.notReady()]).toEqual([true, 'draining']);
  const answer = await worker.call('echo', 'x', { connection: 'keep-alive', 'content-type': 'text/plain' });
  // No connection is left on which a later call could cross with its end.
  expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  // A policy that changes now holds for what still runs.
  await worker.apply([]);
  expect((await worker.call('echo')).headers['x-clrk-error-code']).toBe('AGENT_NOT_FOUND');
  await left;
  await worker.worker.close(10_000);
  expect(worker.remains()).toEqual([]);
  await worker[Symbol.asyncDispose]();
}, 60_000);

test('is ready when its warm sandboxes are made, and stays so when they are taken', async () => {
  const worker = await TestWorker.open([testAgent('warm', 'cat', { warmPoolSize: 1 })]);
  expect(worker.worker.notReady()).toBe('warm sandboxes are being made: 1');
  await waitFor(() => worker.worker.notReady() === undefined);
  expect(worker.worker.status().warm).toEqual({ 'default/warm-00001': 1 });
  await worker.call('warm');
  expect(worker.worker.notReady()).toBeUndefined();
  await worker.worker.close(10_000);
  await worker[Symbol.asyncDispose]();
}, 60_000);

test('is ready when the first images are here, although it runs what it has before', async () => {
  const coming = testAgent('coming', 'cat');
  const revisions = [{ name: 'coming-00001', image: onItsWay, args: ['cat'], env: [] }];
  const worker = await TestWorker.open([testAgent('here', 'echo done'), { ...coming, revisions }]);
  expect(worker.worker.notReady()).toBe('images are being pulled: 1');
  expect((await worker.call('here')).text).toBe('done\n');
  await worker.apply([testAgent('here', 'echo done')]);
  expect(worker.worker.notReady()).toBeUndefined();
  await worker[Symbol.asyncDispose]();
}, 60_000);

test('a run that outlives the drain is ended with an answer that no one repeats', async () => {
  const worker = await TestWorker.open([testAgent('slow', 'sleep 60')]);
  const running = worker.call('slow');
  await waitFor(() => worker.events.length === 1);
  await worker.worker.close(100);
  const answer = await running;
  expect(answer.status).toBe(503);
  expect(answer.headers['x-clrk-error-code']).toBe('WORKER_STOPPED');
  expect(worker.events.map((event) => event.status.phase)).toEqual(['Running', 'Failed']);
  expect(worker.remains()).toEqual([]);
  await worker[Symbol.asyncDispose]();
}, 60_000);

/** Starts a worker in its own process and kills it in the middle of a run. */
async function leaveDeadWorker(): Promise<{ readonly name: string; readonly directory: string }> {
  const script = fileURLToPath(new URL('doomed-worker.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [name = '', directory = ''] = line.toString().trim().split(' ');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(traces(name, directory).length).toBeGreaterThan(5);
  return { name, directory };
}

test('a worker killed in the middle leaves things, and the next one on the machine clears them', async () => {
  const { name, directory } = await leaveDeadWorker();
  const next = await TestWorker.open([testAgent('echo', 'cat')]);
  // Killed processes vanish when whoever adopted them has reaped them.
  await waitFor(() => traces(name, directory).every((each) => each === 'cgroup'));
  expect((await next.call('echo')).status).toBe(200);
  await next[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

test('dead workers below a directory are cleared without a next one, those elsewhere are not', async () => {
  const { name, directory } = await leaveDeadWorker();
  // A prefix of the name is not a directory above it.
  await clearDeadWorkers(directory.slice(0, -1));
  expect(existsSync(`/run/clrk-owners/clrk-${name}.json`)).toBe(true);
  await clearDeadWorkers(directory);
  await waitFor(() => traces(name, directory).every((each) => each === 'cgroup'));
  rmSync(directory, { recursive: true, force: true });
}, 60_000);
