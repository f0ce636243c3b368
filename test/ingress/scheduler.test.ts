/** Two ingresses with the rights the role has, a real JetStream, and schedules: one fire is one run, when one of them dies too. */
import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  invocationStream,
  parseScheduleMark,
  scheduleMarkKey,
  scheduleMarkReadSubject,
  type IngressAgent,
  type Invocation,
  type WorkerStatus,
} from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { natsMarks, natsTimeMs } from '../../ingress/nats-marks.ts';
import { connectNats, ensureKeyedBuckets, readEntry } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { certificates, configWith } from './ingress-bed.ts';
import { scheduled } from './schedule-fixture.ts';
import { WorkerStub } from './worker-stub.ts';

const nats = new TestNats();
const soon = { timeout: 60_000, interval: 50 };
const connections: NatsConnection[] = [];
let operator: NatsConnection;
let worker: WorkerStub;
let workers: WorkerStatus[] = [];
const events: Invocation[] = [];

/** Of a second, so that a test sees several; marks and claims are as for a year. */
const agents: readonly IngressAgent[] = [
  scheduled('tick', '@every 1s', { scheduleInput: '{"prompt":"hi"}' }),
  scheduled('bare', '@every 2s'),
];

beforeAll(async () => {
  await nats.start();
  operator = await connectNats(nats.accessOf({ role: 'operator' }), { name: 'o', log: silentLog });
  await ensureKeyedBuckets(operator);
  const telemetry = await connectNats(nats.accessOf({ role: 'telemetry' }), { name: 't', log: silentLog });
  await ensureInvocationStream(telemetry);
  connections.push(operator, telemetry);
  worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
  workers = [worker.status('w1')];
}, 60_000);

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

interface Replica {
  readonly ingress: Ingress;
  readonly connection: NatsConnection;
}

async function open(): Promise<Replica> {
  const connection = await connectNats(nats.access, { name: randomUUID(), log: silentLog });
  connections.push(connection);
  const ingress = await openIngress({
    ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
    publish: async (subject, payload, msgID) => {
      events.push(JSON.parse(payload) as Invocation);
      return connection.jetstream().publish(subject, payload, { msgID });
    },
    liveWorkers: () => workers,
    schedules: { store: natsMarks(() => connection), timeMs: () => natsTimeMs(connection) },
  });
  ingress.configure(configWith(agents));
  return { ingress, connection };
}

const dueTimes = (name: string): number[] =>
  worker.seen
    .filter(({ headers }) => headers['x-clrk-taskagent'] === `shop/${name}`)
    .map(({ headers }) => Date.parse(String(headers['ce-time'])));

describe('schedules', () => {
  test('are fired once by two ingresses, and by the one that is left', async () => {
    const [first, second] = [await open(), await open()];
    await expect.poll(() => dueTimes('tick').length, soon).toBeGreaterThan(3);
    // As a SIGKILL looks from NATS: it is gone in the middle of whatever it did.
    await first.connection.close();
    const before = second.ingress.schedules?.fired ?? 0;
    await expect.poll(() => second.ingress.schedules?.fired, soon).toBeGreaterThan(before + 4);
    await first.ingress[Symbol.asyncDispose]();
    // What runs ends by itself: the mark says how.
    await second.ingress.drain(30_000);
    await second.ingress[Symbol.asyncDispose]();
    for (const name of ['tick', 'bare']) {
      const times = dueTimes(name);
      expect(new Set(times).size).toBe(times.length);
      expect(times.every((time) => time % 1_000 === 0)).toBe(true);
    }
    expect(dueTimes('bare').length).toBeGreaterThan(2);
  }, 180_000);

  test('carry their input, their trigger and one record', () => {
    const seen = worker.seen.find(({ headers }) => headers['x-clrk-taskagent'] === 'shop/tick');
    expect(seen).toMatchObject({
      ...{ method: 'POST', url: '/', body: '{"prompt":"hi"}' },
      headers: { 'x-clrk-trigger': 'cron', 'ce-subject': 'Cron', 'content-type': 'application/json' },
    });
    expect(worker.seen.find(({ headers }) => headers['x-clrk-taskagent'] === 'shop/bare')?.body).toBe('{}');
    const id = seen?.headers['x-clrk-invocation-id'];
    const own = events.filter(({ metadata }) => metadata.name === id);
    const begun = own.filter(({ status }) => status.completionTime === undefined);
    expect(begun.map(({ status }) => status.phase)).toEqual(['Pending', 'Dispatched']);
    expect(new Set(own.map(({ metadata }) => metadata.creationTimestamp)).size).toBe(1);
    expect(own[0]?.spec.trigger).toEqual({ type: 'Cron', source: '@every 1s' });
  });

  test('leave a mark of the last fire and how it ended, which the operator may read', async () => {
    const agent = { namespace: 'shop', uid: 'uid-tick' };
    const read = await readEntry(operator, scheduleMarkReadSubject(scheduleMarkKey(agent)));
    expect(parseScheduleMark(read?.text)).toMatchObject({
      ...{ schedule: '@every 1s', due: Math.max(...dueTimes('tick')) },
      result: { succeeded: true },
    });
    expect(
      await readEntry(operator, scheduleMarkReadSubject(scheduleMarkKey({ ...agent, uid: 'x' }))),
    ).toEqual({
      sequence: 0,
    });
  });

  test('that are refused or fail say so in the mark', async () => {
    workers = [];
    const { ingress } = await open();
    await expect.poll(() => ingress.schedules?.fired, soon).toBeGreaterThan(0);
    await ingress.drain(0);
    const read = await readEntry(
      operator,
      scheduleMarkReadSubject(scheduleMarkKey({ namespace: 'shop', uid: 'uid-tick' })),
    );
    expect(parseScheduleMark(read?.text)?.result).toEqual({ succeeded: false, code: 'NO_READY_WORKER' });
    expect(events.at(-1)?.status).toMatchObject({ phase: 'Rejected', reason: 'NoReadyWorker' });
    await ingress[Symbol.asyncDispose]();
  }, 120_000);
});

test('every run has its first record in the stream before it runs, and each due time one run', async () => {
  const jsm = await (connections[1] as NatsConnection).jetstreamManager();
  const { state } = await jsm.streams.info(invocationStream.name);
  const stored: Invocation[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    stored.push((await jsm.streams.getMessage(invocationStream.name, { seq })).json());
  }
  const pending = stored
    .filter(({ status }) => status.phase === 'Pending')
    .map(({ metadata }) => metadata.name);
  expect(new Set(pending).size).toBe(pending.length);
  for (const { headers } of worker.seen) expect(pending).toContain(headers['x-clrk-invocation-id']);
});
