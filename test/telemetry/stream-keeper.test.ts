/** The invocation stream against the real server, with the rights telemetry has: it never fills up with what is stored. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invocationMessageId, invocationStream, invocationSubject } from '../../contract/index.ts';
import { connectNats } from '../../process/index.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { ensureInvocationStream, type StreamSettings } from '../../telemetry/stream/invocation-stream.ts';
import { Materializer } from '../../telemetry/stream/materializer.ts';
import {
  pressureFill,
  purgeBelow,
  StreamKeeper,
  type StreamState,
} from '../../telemetry/stream/stream-keeper.ts';
import { streamSettings } from '../../telemetry/stream/stream-settings.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog, until } from './embedded.ts';
import { invocation } from './invocation-fixture.ts';

const server = new TestNats();
type Nats = Awaited<ReturnType<typeof connectNats>>;
let telemetry: Nats;
let ingress: Nats;

beforeAll(async () => {
  await server.start();
  telemetry = await connectNats(server.accessOf({ role: 'telemetry' }), { name: 't', log: silentLog });
  ingress = await connectNats(server.accessOf({ role: 'ingress' }), { name: 'i', log: silentLog });
  const isUp = (): Promise<boolean> =>
    ensureInvocationStream(telemetry).then(
      () => true,
      () => false,
    );
  await until('JetStream answers', isUp);
});
afterAll(async () => {
  await telemetry.close();
  await ingress.close();
  await server[Symbol.asyncDispose]();
});

async function publish(count: number): Promise<void> {
  const js = ingress.jetstream();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const event = invocation(randomUUID(), { phase: 'Succeeded', message: 'x'.repeat(600) });
      await js.publish(invocationSubject(event, { role: 'ingress' }), JSON.stringify(event), {
        msgID: invocationMessageId(event),
      });
    }),
  );
}

/** A stream of its own for each test, with a materializer whose store can be away. */
async function withStream(
  settings: StreamSettings,
  run: (at: {
    keeper: StreamKeeper;
    away: (is: boolean) => void;
    clock: { ms: number };
    said: string[];
    fill: () => Promise<number>;
  }) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const metrics = createMetrics();
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
  const clock = { ms: Date.now() };
  let isAway = false;
  const store = {
    insert: () => (isAway ? Promise.reject(new Error('ClickHouse is away')) : Promise.resolve()),
    query: () => Promise.resolve([]),
  };
  const materializer = new Materializer({
    nats: telemetry,
    store,
    metrics,
    log: silentLog,
    signal: stop.signal,
    stream: settings,
    gatherMs: 5,
  });
  const jsm = await ensureInvocationStream(telemetry, settings);
  await jsm.streams.purge(invocationStream.name);
  const running = materializer.run();
  await until('the stream is read', () => materializer.connected);
  const keeper = new StreamKeeper({
    nats: telemetry,
    metrics,
    log,
    signal: stop.signal,
    now: () => clock.ms,
  });
  try {
    await run({
      keeper,
      away: (is) => (isAway = is),
      clock,
      said,
      fill: async () => (await metrics.streamFill.get()).values[0]?.value ?? -1,
    });
  } finally {
    stop.abort();
    await running;
  }
}

async function stored(keeper: StreamKeeper): Promise<StreamState> {
  await until('all is stored', async () => (await keeper.look()).backlog === 0, 60_000);
  return keeper.look();
}

test('what is stored gives way as soon as the stream is half full, also within the hour, and it is said', async () => {
  // Just below a half may be left when a round comes, and a round is less than the other half.
  await withStream({ maxBytes: 144 * 1024, whenFull: 'refuse' }, async ({ keeper, said, fill }) => {
    for (let round = 0; round < 6; round++) {
      await publish(50);
      await stored(keeper);
    }
    expect(await fill()).toBeLessThan(pressureFill);
    expect(said.join('')).toContain('fills up');
  });
});

test('what is not stored never gives way: calls are refused, and told of before; it goes on when ClickHouse is back', async () => {
  await withStream(
    { maxBytes: 96 * 1024, whenFull: 'refuse' },
    async ({ keeper, away, said, fill, clock }) => {
      away(true);
      await publish(50);
      clock.ms += 120_000;
      const before = await keeper.look();
      expect([before.backlog, said.length > 0, (await fill()) > pressureFill]).toEqual([50, true, true]);
      await expect(publish(100)).rejects.toThrow();
      const full = await keeper.look();
      expect(full.firstSeq).toBe(before.firstSeq);
      away(false);
      await stored(keeper);
      await publish(50);
    },
  );
});

test('an installation may choose that the oldest give way instead', async () => {
  await withStream({ maxBytes: 96 * 1024, whenFull: 'forget' }, async ({ keeper, away }) => {
    away(true);
    await publish(200);
    const state = await keeper.look();
    expect(state.bytes).toBeLessThanOrEqual(96 * 1024);
    away(false);
  });
});

const state = (over: Partial<StreamState>): StreamState => ({
  bytes: 10,
  maxBytes: 100,
  firstSeq: 1,
  storedSeq: 50,
  backlog: 0,
  ...over,
});
const hour = 3600 * 1000;

test.each([
  ['young and room', state({}), [{ seq: 50, atMs: 0 }], hour - 1, undefined],
  [
    'an hour old',
    state({}),
    [
      { seq: 40, atMs: 0 },
      { seq: 50, atMs: 1_000 },
    ],
    hour,
    41,
  ],
  ['half full', state({ bytes: 50 }), [], 0, 51],
  ['half full of what is not stored', state({ bytes: 99, firstSeq: 51 }), [], 0, undefined],
  ['nothing stored ever', state({ bytes: 99, storedSeq: 0 }), [], 0, undefined],
  ['a mark of a stream that was made anew', state({ storedSeq: 5 }), [{ seq: 4_000, atMs: 0 }], hour, 6],
  ['no limit', state({ maxBytes: -1, bytes: 1e12 }), [], 0, undefined],
])('what may go: %s', (_name, now, marks, atMs, expected) =>
  expect(purgeBelow(now, marks, atMs)).toBe(expected),
);

test.each([
  [{}, { maxBytes: 2 ** 31, whenFull: 'refuse' }],
  [
    { CLRK_STREAM_BYTES: '33554432', CLRK_STREAM_FULL: 'forget' },
    { maxBytes: 33_554_432, whenFull: 'forget' },
  ],
  [{ CLRK_STREAM_BYTES: '1Gi' }, 'STREAM_SETTING'],
  [{ CLRK_STREAM_BYTES: '1000' }, 'STREAM_SETTING'],
  [{ CLRK_STREAM_FULL: 'drop' }, 'STREAM_SETTING'],
])('settings %j', (environment, expected) => {
  if (typeof expected === 'object') expect(streamSettings(environment)).toEqual(expected);
  else
    expect(() => streamSettings(environment)).toThrow(expect.objectContaining({ code: expected }) as Error);
});
