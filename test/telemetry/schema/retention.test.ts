/** How long records are kept is chosen, and holds for what is there already, both ways; against the real engine. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { retentionDays, type KeptRecords } from '../../../contract/index.ts';
import { keepFor, retentionOf, type Retention } from '../../../telemetry/schema/retention.ts';
import type { EmbeddedStore } from '../../../telemetry/store/store.ts';
import {
  createTables,
  openTestStore,
  removeDirectory,
  silentLog,
  temporaryDirectory,
  until,
} from '../embedded.ts';

const directory = temporaryDirectory();
let store: EmbeddedStore;
const dayMs = 24 * 3600 * 1000;

beforeAll(async () => {
  store = openTestStore(directory);
  await createTables(store);
}, 60_000);
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  removeDirectory(directory);
});

const tablesOf: Readonly<Record<KeptRecords, readonly string[]>> = {
  logs: ['otel_logs'],
  traces: ['otel_traces'],
  invocations: ['invocations', 'invocations_by_agent'],
};

async function insertAged(kept: KeptRecords, agoDays: number): Promise<void> {
  const at = ((Date.now() - agoDays * dayMs) / 1000).toFixed(3);
  const row =
    kept === 'invocations'
      ? { id: randomUUID(), created_at: at, event_time: at, namespace: 'shop' }
      : { Timestamp: at };
  for (const table of tablesOf[kept])
    await store.insert({ table, body: Buffer.from(`${JSON.stringify(row)}\n`), token: randomUUID() });
}

/** Rows in each of its tables once the engine has done what there is to do. */
async function rowsLeft(kept: KeptRecords): Promise<number[]> {
  const left: number[] = [];
  for (const table of tablesOf[kept]) {
    await until('the parts that are there are told', async () => {
      const [row] = await store.query<{ n: string }>(
        'SELECT count() AS n FROM system.mutations WHERE table = {table: String} AND NOT is_done',
        { table },
      );
      return Number(row?.n) === 0;
    });
    await store.command(`SYSTEM START TTL MERGES ${table}`);
    await store.command(`OPTIMIZE TABLE ${table} FINAL`);
    const [row] = await store.query<{ n: string }>(`SELECT count() AS n FROM ${table}`);
    left.push(Number(row?.n));
  }
  return left;
}

const keep = (retention: Retention): Promise<void> => keepFor(store, retention, silentLog);

describe.each([
  ['logs', 20],
  ['traces', 20],
  ['invocations', 120],
] as const)('%s', (kept, agoDays) => {
  const all = tablesOf[kept].map(() => 2);

  test('kept longer: what is there stays longer, too; kept shorter: it goes', async () => {
    for (const table of tablesOf[kept]) await store.command(`SYSTEM STOP TTL MERGES ${table}`);
    await insertAged(kept, agoDays);
    await insertAged(kept, 0);
    await keep({ [kept]: agoDays + 60 });
    expect(await rowsLeft(kept)).toEqual(all);
    // What is not said stays as it is.
    await keep({});
    expect(await rowsLeft(kept)).toEqual(all);
    await keep({ [kept]: retentionDays[kept].initial });
    expect(await rowsLeft(kept)).toEqual(all.map(() => 1));
  }, 60_000);

  test('a new store begins with what the manifests say of it, and the same again changes nothing', async () => {
    const before = async (): Promise<string> => {
      const [row] = await store.query<{ n: string }>(
        'SELECT count() AS n FROM system.mutations WHERE table IN {tables: Array(String)}',
        { tables: tablesOf[kept] },
      );
      return row?.n ?? '';
    };
    const count = await before();
    await keep({ [kept]: retentionDays[kept].initial });
    expect(await before()).toBe(count);
  });
});

test.each([
  [{}, {}],
  [
    { CLRK_LOG_RETENTION_DAYS: '30', CLRK_INVOCATION_RETENTION_DAYS: '3650' },
    { logs: 30, invocations: 3_650 },
  ],
  [{ CLRK_TRACE_RETENTION_DAYS: '' }, {}],
  [{ CLRK_TRACE_RETENTION_DAYS: '367' }, 'RETENTION_SETTING'],
  [{ CLRK_LOG_RETENTION_DAYS: '0' }, 'RETENTION_SETTING'],
  [{ CLRK_LOG_RETENTION_DAYS: '7d' }, 'RETENTION_SETTING'],
  [{ CLRK_LOG_RETENTION_DAYS: '1e1' }, 'RETENTION_SETTING'],
  [{ CLRK_INVOCATION_RETENTION_DAYS: '30; DROP TABLE invocations' }, 'RETENTION_SETTING'],
])('settings %j', (environment: Readonly<Record<string, string>>, expected) => {
  if (typeof expected === 'object') expect(retentionOf(environment)).toEqual(expected);
  else expect(() => retentionOf(environment)).toThrow(expect.objectContaining({ code: expected }) as Error);
});
