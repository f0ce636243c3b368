/** Daemons on real sandboxes: two workers on one machine and one lease store between them. */
import { afterEach, describe, expect, test } from 'vitest';
import { daemonLeaseKey, newDaemonLease, type PoolAgent } from '../../../contract/index.ts';
import { TestWorker, testAgent, waitFor } from '../test-worker.ts';
import { MemoryLeases } from './lease-bed.ts';

const workers: TestWorker[] = [];
const id = 'DaemonAgent/default/watcher';
const calling = `echo born
trap 'echo asked to end; exit 0' TERM
curl -s http://api.example.com/
while true; do sleep 0.1; done`;

function daemon(
  script: string,
  more: Partial<NonNullable<PoolAgent['daemon']>> = {},
  revision = 1,
): PoolAgent {
  const name = `watcher-0000${revision}`;
  return testAgent('watcher', script, {
    kind: 'DaemonAgent',
    revisions: [{ name, image: 'test/root:1', args: [script], env: [] }],
    servingRevision: name,
    daemon: { restartPolicy: 'Always', maxRestarts: 0, maxLifetimeMs: 0, ...more },
  });
}

/** As the operator leaves it for a new agent. */
function freshLeases(): MemoryLeases {
  const leases = new MemoryLeases();
  const key = daemonLeaseKey({ namespace: 'default', uid: 'uid-watcher' });
  leases.entries.set(key, { text: JSON.stringify(newDaemonLease), sequence: 0.5 });
  return leases;
}

async function open(leases: MemoryLeases, agent: PoolAgent): Promise<TestWorker> {
  const worker = await TestWorker.open([agent], {}, { leases });
  workers.push(worker);
  return worker;
}

const runsOn = (worker: TestWorker): boolean => worker.worker.status().daemons?.[id]?.phase === 'Running';
const lines = (worker: TestWorker): readonly string[] =>
  worker.logs.getFinishedLogRecords().map(({ body }) => (typeof body === 'string' ? body : ''));
const phases = (worker: TestWorker): readonly string[] =>
  worker.events.map(({ status: { phase, reason } }) => (reason === undefined ? phase : `${phase} ${reason}`));

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker[Symbol.asyncDispose]()));
});

describe('a daemon', () => {
  test('runs once, calls out under its run, is heard, and is handed over when its worker drains', async () => {
    const leases = freshLeases();
    const agent = daemon(calling);
    const [first, second] = [await open(leases, agent), await open(leases, agent)];
    await waitFor(() => runsOn(first), 20_000);
    await waitFor(() => first.gateway.frames.length > 0, 20_000);
    const [event] = first.events;
    expect(event?.spec).toMatchObject({
      parentRef: { kind: 'DaemonAgent', name: 'watcher' },
      trigger: { type: 'Daemon', source: 'worker' },
    });
    expect(event?.status).toMatchObject({ phase: 'Running', revision: 'watcher-00001' });
    expect(event?.status.deadline).toBeUndefined();
    expect(first.gateway.frames[0]).toMatchObject({
      ...{ agentKind: 'DaemonAgent', name: 'watcher', hostname: 'api.example.com' },
      invocationId: event?.metadata.name,
    });
    expect(first.worker.status().inFlight).toEqual({ [id]: 1 });
    expect(second.worker.status().inFlight).toEqual({});
    const closed = first.worker.close(10_000);
    await waitFor(() => runsOn(second), 20_000);
    await closed;
    expect(phases(first)).toEqual(['Running', 'Succeeded HandedOver']);
    expect(lines(first)).toEqual(expect.arrayContaining(['born', 'asked to end']));
    expect(second.events[0]?.metadata.name).not.toBe(event?.metadata.name);
    expect(second.worker.status().daemons?.[id]).toMatchObject({ phase: 'Running', restarts: 0 });
    expect(first.remains()).toEqual([]);
  }, 120_000);

  test('that ends waits before it is started again, and says why it ended', async () => {
    const worker = await open(freshLeases(), daemon('exit 3'));
    await waitFor(() => worker.worker.status().daemons?.[id]?.phase === 'CrashLoopBackOff', 20_000);
    expect(worker.worker.status().daemons?.[id]).toMatchObject({
      ...{ restarts: 1, revision: 'watcher-00001' },
      lastEnd: { reason: 'NonZeroExit', message: 'the agent exited with 3' },
    });
    expect(phases(worker)).toEqual(['Running', 'Failed NonZeroExit']);
    expect(worker.worker.status().inFlight).toEqual({});
  }, 60_000);

  test('of a new revision takes the place of the old one, which has ended by then', async () => {
    const leases = freshLeases();
    const worker = await open(leases, daemon(calling));
    await waitFor(() => runsOn(worker), 20_000);
    await worker.apply([daemon(`echo second; ${calling}`, {}, 2)]);
    await waitFor(() => worker.worker.status().daemons?.[id]?.revision === 'watcher-00002', 20_000);
    await waitFor(() => runsOn(worker), 20_000);
    expect(worker.events.map(({ status }) => `${status.revision} ${status.phase}`)).toEqual([
      'watcher-00001 Running',
      'watcher-00001 Succeeded',
      'watcher-00002 Running',
    ]);
    await worker.apply([]);
    await waitFor(() => phases(worker).at(-1) === 'Succeeded Removed', 20_000);
  }, 60_000);

  test('is stopped when it is contained, ended for good after its life where it must not start again', async () => {
    const worker = await open(freshLeases(), daemon(calling));
    await waitFor(() => runsOn(worker), 20_000);
    await worker.apply([daemon(calling, { stop: 'Contained' })]);
    await waitFor(() => phases(worker).at(-1) === 'Succeeded Contained', 20_000);
    await worker.apply([daemon(calling, { restartPolicy: 'Never', maxLifetimeMs: 1_000 }, 2)]);
    await waitFor(() => worker.worker.status().daemons?.[id]?.phase === 'Stopped', 30_000);
    expect(worker.worker.status().daemons?.[id]).toMatchObject({ lastEnd: { reason: 'MaxLifetime' } });
    expect(phases(worker).slice(2)).toEqual(['Running', 'Succeeded MaxLifetime']);
  }, 90_000);

  test('whose lease cannot be renewed is ended by the worker itself', async () => {
    const leases = freshLeases();
    const worker = await open(leases, daemon(calling));
    await waitFor(() => runsOn(worker), 20_000);
    leases.isAway = true;
    await waitFor(() => phases(worker).at(-1) === 'Failed LeaseLost', 40_000);
    expect(worker.worker.status().inFlight).toEqual({});
    leases.isAway = false;
    await waitFor(() => runsOn(worker), 30_000);
  }, 120_000);

  test('takes a place, and there are no more than the pool has', async () => {
    const leases = freshLeases();
    const two = [daemon(calling), { ...daemon(calling), name: 'second', uid: 'uid-second' }];
    const key = daemonLeaseKey({ namespace: 'default', uid: 'uid-second' });
    leases.entries.set(key, { text: JSON.stringify(newDaemonLease), sequence: 0.25 });
    const worker = await TestWorker.open(two, { maxExecutionsPerWorker: 1 }, { leases });
    workers.push(worker);
    await waitFor(() => worker.events.length > 0, 20_000);
    const other = { ...testAgent('task', 'cat'), maxConcurrent: 0 };
    await worker.apply([...two, other], { maxExecutionsPerWorker: 1 });
    const refused = await worker.call('task');
    expect(refused.headers['x-clrk-error-code']).toBe('AT_CAPACITY');
    expect(Object.keys(worker.worker.status().inFlight)).toHaveLength(1);
    expect(worker.worker.running).toBe(1);
  }, 60_000);
});
