/**
 * What reads cost, by what the engine says it read: a page reads some granules, however much there is behind it. Times are of a
 * machine; rows read are not. The numbers are a few granules each: of calls 256 rows, of records 1024.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followedOf } from '../../telemetry/read/followed.ts';
import { parseReadRequest } from '../../telemetry/read/read-request.ts';
import { storeNow } from '../../telemetry/store/store-clock.ts';
import { overdueIn } from '../../telemetry/stream/overdue.ts';
import { createTables, openTestStore, removeDirectory, temporaryDirectory } from './embedded.ts';
import { countReads } from './engine-counts.ts';
import type { EmbeddedStore } from '../../telemetry/store/store.ts';

const calls = 40_000;
const directory = temporaryDirectory();
let store: EmbeddedStore;
let nowMs = 0;

const id = "reinterpret(toUInt128(cityHash64(number)) * 3, 'UUID')";
const made = (): string => `fromUnixTimestamp64Milli(toInt64(${nowMs} - 3600000 - number * 1000), 'UTC')`;
/** Five of forty thousand, far apart. */
const phase = `if(number % 8000 = 4000, 'Timeout', 'Succeeded')`;
const call = (table: string, phaseOf: string, count: number): string => `INSERT INTO ${table}
(namespace, agent_kind, agent_name, id, phase, created_at, event_time, deadline, object)
SELECT 'shop', 'TaskAgent', 'hello', ${id}, ${phaseOf}, ${made()}, ${made()}, ${made()} + INTERVAL 5 MINUTE,
concat('{"n":', toString(number), ',"padding":"', repeat('x', 400), '"}') FROM numbers(${count})`;

beforeAll(async () => {
  store = openTestStore(directory);
  await createTables(store);
  nowMs = (await storeNow(store)).ms;
  for (const table of ['invocations', 'invocations_by_agent']) await store.command(call(table, phase, calls));
  await store.command(call('invocation_progress', `'Running'`, 4_000));
  await store.command(`INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanName, SpanAttributes)
SELECT ${made()}, hex(cityHash64(number)), hex(number), 'POST', map('agent.kind', 'TaskAgent', 'agent.namespace', 'shop',
'agent.name', 'hello', 'invocation.id', concat('00000000-0000-4000-8000-', leftPad(toString(intDiv(number, 5)), 12, '0'))) FROM numbers(${calls})`);
}, 120_000);
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  removeDirectory(directory);
});

async function page(path: string): Promise<number> {
  const { objects } = await followedOf(store, parseReadRequest(`/v1/namespaces/shop/${path}`)).page();
  let count = 0;
  for await (const _object of objects) count++;
  return count;
}

const hoursAgo = (hours: number): string => new Date(nowMs - hours * 3600_000).toISOString();

test.each([
  ['the first page of a namespace', (): string => 'invocations', 100, 7_000],
  ['of an agent', (): string => 'taskagents/hello/invocations', 100, 7_000],
  ['until some hours ago', (): string => `invocations?until=${hoursAgo(6)}`, 100, 3_000],
  ['of a rare phase', (): string => 'invocations?phase=Timeout', 5, 9_000],
  ['of a phase there is none of', (): string => 'invocations?phase=Rejected', 0, 3_000],
  ['of an agent and a rare phase', (): string => 'taskagents/hello/invocations?phase=Timeout', 5, 9_000],
  ['the newest spans of an agent', (): string => 'taskagents/hello/traces', 100, 5_500],
  [
    'a trace',
    (): string => 'taskagents/hello/traces?invocation=00000000-0000-4000-8000-000000004000',
    5,
    6_500,
  ],
] as const)('%s', async (_what, path, found, most) => {
  const { answer, read } = await countReads(store, () => page(path()));
  expect(answer).toBe(found);
  expect(read.rows).toBeLessThan(most);
});

test('a round of the sweeper that finds nothing lost reads no call whole', async () => {
  const untilMs = nowMs - 3600_000 - 600_000;
  const stretch = { fromMs: untilMs - 600_000, untilMs };
  const { answer, read } = await countReads(store, () => overdueIn(store, stretch, 500));
  expect(answer).toEqual([]);
  // Keys of some granules; with the calls themselves it would be half a kilobyte a row.
  expect(read.bytes).toBeLessThan(900_000);
});
