/** R2, R3, R4: what was acknowledged survives SIGKILL of NATS and of ClickHouse, and repetition counts once. */
import { randomUUID } from 'node:crypto';
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { invocationMessageId, invocationSubject } from '../../contract/index.ts';
import { openTelemetryService, type TelemetryService } from '../../telemetry/service.ts';
import type { EmbeddedStore } from '../../telemetry/store/store.ts';
import {
  createTables,
  openTestStore,
  removeDirectory,
  silentLog,
  temporaryDirectory,
  until,
} from './embedded.ts';
import { invocation } from './invocation-fixture.ts';
import { NatsServer } from './nats-server.ts';

const directory = temporaryDirectory();
let natsServer: NatsServer;
let store: EmbeddedStore;

beforeAll(async () => {
  natsServer = await NatsServer.start();
  store = openTestStore(directory);
  await createTables(store);
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await natsServer[Symbol.asyncDispose]();
  removeDirectory(directory);
});

let service: TelemetryService;
let natsOfService: Awaited<ReturnType<NatsServer['connect']>>;

async function open(): Promise<void> {
  natsOfService = await natsServer.connect();
  service = await openTelemetryService({
    host: '127.0.0.1',
    otlpPort: 0,
    readPort: 0,
    store,
    spoolDir: `${directory}/spool`,
    nats: natsOfService,
    otlpSpeaker: () => ({ role: 'ingress' }),
    reader: () => ({ namespaces: 'all', expiresMs: Date.now() + 60_000 }),
    log: silentLog,
    writerLimits: { flushMs: 20, retryMinMs: 20, retryMaxMs: 100 },
  });
  await until('telemetry is ready', () => service.ready() === undefined, 60_000);
}

beforeEach(open);
afterEach(async () => {
  await service[Symbol.asyncDispose]();
  await natsOfService.close();
});

async function count(sql: string, params: Record<string, unknown>): Promise<number> {
  const [row] = await store.query<{ n: string }>(sql, params).catch(() => []);
  return Number(row?.n ?? -1);
}

function logOf(marker: string, text: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${service.otlpPort}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
    body: JSON.stringify({
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  body: { stringValue: text },
                  attributes: [{ key: 'invocation.id', value: { stringValue: marker } }],
                },
              ],
            },
          ],
        },
      ],
    }),
  });
}

test('R2: NATS is killed while events are published: every acknowledged one is materialized, once', async () => {
  const marker = `r2-${randomUUID().slice(0, 8)}`;
  const publisher = await connect({
    servers: natsServer.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  const acknowledged: string[] = [];
  const publishOne = async (): Promise<void> => {
    const id = randomUUID();
    const event = invocation(id, { phase: 'Succeeded', revision: marker });
    await publisher
      .jetstream()
      .publish(invocationSubject(event, { role: 'ingress' }), JSON.stringify(event), {
        msgID: invocationMessageId(event),
        timeout: 2_000,
      })
      .then(() => acknowledged.push(id))
      .catch(() => undefined);
  };
  const publishing = (async () => {
    for (let batch = 0; batch < 30; batch++) await Promise.all(Array.from({ length: 10 }, publishOne));
  })();
  await until('some are acknowledged', () => acknowledged.length >= 50);
  await natsServer.kill();
  await natsServer.start();
  await publishing;
  expect(acknowledged.length).toBeGreaterThan(100);
  const stored = `SELECT count() AS n FROM (SELECT DISTINCT id FROM invocations
    WHERE has({ids: Array(String)}, toString(id)))`;
  await until(
    'all are stored',
    async () => (await count(stored, { ids: acknowledged })) === acknowledged.length,
  );
  const twice = `SELECT count() AS n FROM (SELECT id, count(DISTINCT stream_seq) AS c
    FROM invocations WHERE has({ids: Array(String)}, toString(id)) GROUP BY id HAVING c > 1)`;
  expect(await count(twice, { ids: acknowledged })).toBe(0);
  await publisher.close();
}, 60_000);

test('R3: ClickHouse is killed under load: what was answered 200 is stored, once and in order', async () => {
  const marker = randomUUID();
  const answered: string[] = [];
  let stop = false;
  const sending = (async () => {
    for (let index = 0; !stop; index++) {
      const text = String(index).padStart(6, '0');
      const answer = await logOf(marker, text).catch(() => undefined);
      if (answer?.status === 200) answered.push(text);
    }
  })();
  await until('some are stored', () => answered.length > 20);
  const pid = store.engine.pid;
  process.kill(pid ?? 0, 'SIGKILL');
  const before = answered.length;
  await until('it goes on while ClickHouse is away or back', () => answered.length > before + 20);
  stop = true;
  await sending;
  expect(store.engine.pid).not.toBe(pid);
  const stored = 'SELECT count() AS n FROM otel_logs WHERE InvocationId = {marker: String}';
  await until('all are stored', async () => (await count(stored, { marker })) >= answered.length, 40_000);
  const bodies = await store.query<{ Body: string }>(
    'SELECT Body FROM otel_logs WHERE InvocationId = {marker: String} ORDER BY Body',
    { marker },
  );
  const kept = bodies.map((row) => row.Body);
  expect(new Set(kept).size).toBe(kept.length);
  expect(kept).toEqual(expect.arrayContaining(answered));
}, 90_000);

test('R4: a batch inserted again with its token is one batch; without the token it would be two', async () => {
  const marker = randomUUID();
  const row = JSON.stringify({
    Timestamp: '1795400000.000000001',
    Body: 'once',
    LogAttributes: { 'invocation.id': marker },
  });
  const batch = { table: 'otel_logs', body: Buffer.from(`${row}\n`), token: `r4-${marker}` };
  for (let round = 0; round < 3; round++) await store.insert(batch);
  const stored = 'SELECT count() AS n FROM otel_logs WHERE InvocationId = {marker: String}';
  expect(await count(stored, { marker })).toBe(1);
  await store.insert({ ...batch, token: `r4-other-${marker}` });
  expect(await count(stored, { marker })).toBe(2);
});

test('what was spooled before the process ended is inserted by the next one', async () => {
  const marker = randomUUID();
  await service[Symbol.asyncDispose]();
  await natsOfService.close();
  const { Spool } = await import('../../telemetry/spool/spool.ts');
  const spool = new Spool(`${directory}/spool`, 1_000_000);
  const row = JSON.stringify({
    Timestamp: '1795400000.5',
    Body: 'kept',
    LogAttributes: { 'invocation.id': marker },
  });
  await spool.append({ table: 'otel_logs', token: `left-${marker}`, rows: 1, body: Buffer.from(`${row}\n`) });
  await open();
  const stored = 'SELECT count() AS n FROM otel_logs WHERE InvocationId = {marker: String}';
  await until('it is stored', async () => (await count(stored, { marker })) === 1);
});

test('the engine ends with its parent’s channel and keeps the data', async () => {
  const other = temporaryDirectory();
  const first = openTestStore(other);
  await first.command('CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a');
  await first.insert({ table: 't', body: Buffer.from('{"a":7}\n'), token: 'x' });
  const pid = first.engine.pid ?? 0;
  await first[Symbol.asyncDispose]();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  const second = openTestStore(other);
  expect(await second.query('SELECT toString(a) AS a FROM t')).toEqual([{ a: '7' }]);
  await second[Symbol.asyncDispose]();
  removeDirectory(other);
});
