/**
 * A week of events at 50 calls a second through the invocation stream, scaled down with it: real server, real consumer, real
 * purge, each with its role's own rights; the hours are told by the test. ClickHouse is away for an hour, NATS is killed, and
 * telemetry starts again in between. Nothing is refused, nothing is lost, nothing counts twice.
 */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  invocationMessageId,
  invocationStream,
  invocationSubject,
  type Phase,
} from '../../contract/index.ts';
import { connectNats } from '../../process/index.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { InsertBatch } from '../../telemetry/store/store.ts';
import {
  defaultStream,
  ensureInvocationStream,
  invocationBacklog,
} from '../../telemetry/stream/invocation-stream.ts';
import { Materializer } from '../../telemetry/stream/materializer.ts';
import {
  fillOf,
  pressureFill,
  StreamKeeper,
  type StreamState,
} from '../../telemetry/stream/stream-keeper.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog, until } from './embedded.ts';
import { invocation } from './invocation-fixture.ts';

const hourMs = 3600 * 1000;
const hours = 7 * 24;
const callsPerSecond = 50;
const callsPerHour = 12;
/** What is said of a call from its first event to its last. */
const said: readonly Phase[] = ['Pending', 'Dispatched', 'Running', 'Succeeded'];
/** About what an event has in life. */
const message = 'x'.repeat(900);
/** As many hours fit into this as into the real stream: by how many calls an hour has here and there. */
const maxBytes = Math.round(defaultStream.maxBytes * (callsPerHour / (callsPerSecond * 3600)));

const server = new TestNats();
let telemetry: Awaited<ReturnType<typeof connectNats>>;
let ingress: typeof telemetry;

beforeAll(async () => {
  await server.start();
  telemetry = await connectNats(server.accessOf({ role: 'telemetry' }), { name: 't', log: silentLog });
  ingress = await connectNats(server.accessOf({ role: 'ingress' }), { name: 'i', log: silentLog });
});
afterAll(async () => {
  await telemetry.close();
  await ingress.close();
  await server[Symbol.asyncDispose]();
});

/** ClickHouse as far as a week of events needs it: the rows, by token; asked, it knows them. */
class Rows {
  isAway = false;
  readonly #tokens = new Set<string>();
  readonly #ended = new Map<string, number>();
  /** By call and number: an event that is delivered again is the same row, and ClickHouse keeps one. */
  readonly #progress = new Set<string>();

  insert({ table, body, token }: InsertBatch): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('ClickHouse is away'));
    if (this.#tokens.has(token)) return Promise.resolve();
    this.#tokens.add(token);
    const rows = body.toString().trimEnd().split('\n');
    for (const row of rows) {
      const { id, stream_seq: seq } = JSON.parse(row) as { readonly id: string; readonly stream_seq: number };
      if (table === 'invocation_progress') this.#progress.add(`${id}/${seq}`);
      if (table === 'invocations') this.#ended.set(id, (this.#ended.get(id) ?? 0) + 1);
    }
    return Promise.resolve();
  }

  query<T>(_sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const ids = (params['ids'] as readonly string[] | undefined) ?? [];
    const known = ids.filter((id) => this.#ended.has(id));
    return Promise.resolve(known.map((id) => ({ call: `shop/TaskAgent/hello/${id}` }) as T));
  }

  get seen(): { readonly calls: number; readonly most: number; readonly progress: number } {
    const counts = [...this.#ended.values()];
    return { calls: counts.length, most: Math.max(...counts), progress: this.#progress.size };
  }
}

/** Telemetry's readers of the stream, of one life of the process. */
class Reader implements AsyncDisposable {
  readonly metrics = createMetrics();
  readonly keeper: StreamKeeper;
  readonly warnings: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(rows: Rows, now: () => number) {
    const { signal } = this.#stop;
    const common = { nats: telemetry, metrics: this.metrics, signal };
    const log = pino({ level: 'warn' }, { write: (line: string) => void this.warnings.push(line) });
    this.keeper = new StreamKeeper({ ...common, log, now });
    const stream = { maxBytes, whenFull: 'refuse' } as const;
    this.#running = new Materializer({
      ...{ ...common, log: silentLog, store: rows, stream, gatherMs: 2 },
    }).run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/** An hour's calls, event after event as calls say them; bytes that were published. Rejects when one is refused. */
async function publishHour(): Promise<number> {
  const js = ingress.jetstream();
  const ids = Array.from({ length: callsPerHour }, () => randomUUID());
  let bytes = 0;
  for (const phase of said)
    await Promise.all(
      ids.map(async (id) => {
        const event = invocation(id, { phase, message });
        const text = JSON.stringify(event);
        bytes += text.length;
        await js.publish(invocationSubject(event, { role: 'ingress' }), text, {
          msgID: invocationMessageId(event),
          timeout: 20_000,
        });
      }),
    );
  return bytes;
}

const answers = (ask: () => Promise<unknown>) => (): Promise<boolean> =>
  ask().then(
    () => true,
    () => false,
  );

test('a week at 50 calls a second: no event is refused, none is lost, and the stream stays below its limit', async () => {
  await until(
    'JetStream answers',
    answers(() => ensureInvocationStream(telemetry)),
    60_000,
  );
  const rows = new Rows();
  const clock = { ms: Date.now() };
  const now = (): number => clock.ms;
  let reader = new Reader(rows, now);
  const most = { fill: 0, events: 0 };
  let bytes = 0;
  const look = async (): Promise<StreamState> => {
    const state = await reader.keeper.look();
    most.fill = Math.max(most.fill, fillOf(state));
    return state;
  };
  for (let hour = 0; hour < hours; hour += 1) {
    rows.isAway = hour === 50;
    bytes += await publishHour();
    clock.ms += hourMs;
    if (rows.isAway) {
      // What waits is kept, whatever the fill, and it is told of.
      const { backlog } = await look();
      expect(backlog).toBe(callsPerHour * said.length);
      continue;
    }
    if (hour === 90) {
      await server.kill();
      await server.start();
      await until(
        'NATS is back',
        answers(() => ingress.flush()),
        60_000,
      );
      await until('and its streams', answers(look), 60_000);
    }
    if (hour === 120) {
      await reader[Symbol.asyncDispose]();
      reader = new Reader(rows, now);
    }
    await until('all is stored', async () => (await look()).backlog === 0, 60_000);
    const { state } = await (await telemetry.jetstreamManager()).streams.info(invocationStream.name);
    most.events = Math.max(most.events, state.messages);
  }
  await reader[Symbol.asyncDispose]();
  // As much went through as a week is, against the real limit: the scale is honest.
  const eventBytes = bytes / (hours * callsPerHour * said.length);
  const inLife = (callsPerSecond * 3600 * hours * said.length * eventBytes) / defaultStream.maxBytes;
  expect(bytes / maxBytes).toBeGreaterThan(inLife * 0.99);
  expect(inLife).toBeGreaterThan(50);
  expect(rows.seen).toEqual({
    calls: hours * callsPerHour,
    most: 1,
    progress: hours * callsPerHour * (said.length - 1),
  });
  expect(most.fill).toBeLessThan(1);
  // Two hours of events at most, of the week's 168.
  expect(most.events).toBeLessThanOrEqual(2 * callsPerHour * said.length);
  expect(most.fill).toBeGreaterThan(pressureFill);
}, 300_000);

test('a consumer that NATS has lost begins anew: what is delivered again as if for the first time counts once', async () => {
  await until(
    'JetStream answers',
    answers(() => ensureInvocationStream(telemetry)),
    60_000,
  );
  const rows = new Rows();
  const jsm = await telemetry.jetstreamManager();
  await jsm.streams.purge(invocationStream.name);
  const allStored = async (): Promise<boolean> => {
    const backlog = await invocationBacklog(jsm).catch(() => 1);
    return backlog === 0 && rows.seen.calls >= callsPerHour;
  };
  const before = new Reader(rows, Date.now);
  await publishHour();
  await until('all is stored', allStored, 60_000);
  await before[Symbol.asyncDispose]();
  await jsm.consumers.delete(invocationStream.name, invocationStream.consumer);
  await using after = new Reader(rows, Date.now);
  await until('all is delivered again', allStored, 60_000);
  const { values } = await after.metrics.events.get();
  const repeated = values.find(({ labels }) => labels.outcome === 'repeated')?.value;
  expect([rows.seen.most, repeated]).toEqual([1, callsPerHour]);
}, 180_000);
