/** From the schema before calls were ordered by time and granules were small, to this one: nothing is lost, nothing comes twice. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepFor } from '../../../telemetry/schema/retention.ts';
import { migrate } from '../../../telemetry/schema/migrate.ts';
import { migrations } from '../../../telemetry/schema/migrations.ts';
import type { EmbeddedStore } from '../../../telemetry/store/store.ts';
import { openTestStore, removeDirectory, silentLog, temporaryDirectory } from '../embedded.ts';

const { signal } = new AbortController();
const dayMs = 24 * 3600 * 1000;
const named = ['invocations', 'invocations_by_agent', 'otel_logs', 'otel_traces'];
let directory: string;
let store: EmbeddedStore;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = openTestStore(directory);
  const steps = migrations.filter(({ version }) => version <= 4);
  await migrate({ store, log: silentLog, signal, steps });
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  removeDirectory(directory);
});

/** Of a store that fails in the middle of what `pattern` says, once. */
function failingAt(pattern: RegExp): EmbeddedStore {
  let hasFailed = false;
  return Object.assign(Object.create(store) as EmbeddedStore, {
    command: (sql: string, params?: Record<string, unknown>) => {
      if (hasFailed || !pattern.test(sql)) return store.command(sql, params);
      hasFailed = true;
      return Promise.reject(new Error('the process ended'));
    },
    query: store.query.bind(store),
    insert: store.insert.bind(store),
  });
}

async function record(agoDays: number): Promise<string> {
  const id = randomUUID();
  const at = ((Date.now() - agoDays * dayMs) / 1000).toFixed(3);
  const call = { id, namespace: 'shop', agent_kind: 'TaskAgent', agent_name: 'hello', phase: 'Succeeded' };
  for (const table of named) {
    const row = table.startsWith('otel')
      ? { Timestamp: at, TraceId: id, LogAttributes: {}, SpanAttributes: { 'agent.name': 'hello' } }
      : { ...call, created_at: at, event_time: at, object: JSON.stringify({ id }) };
    await store.insert({ table, body: Buffer.from(`${JSON.stringify(row)}\n`), token: randomUUID() });
  }
  return id;
}

async function idsIn(table: string): Promise<string[]> {
  const id = table.startsWith('otel') ? 'TraceId' : 'toString(id)';
  return (await store.query<{ v: string }>(`SELECT ${id} AS v FROM ${table} ORDER BY v`)).map(({ v }) => v);
}

async function engineOf(table: string): Promise<string> {
  const [row] = await store.query<{ v: string }>(
    'SELECT engine_full AS v FROM system.tables WHERE name = {table: String}',
    { table },
  );
  return row?.v ?? '';
}

test.each([
  ['in one go', /^never$/],
  ['ended before the exchange', /^EXCHANGE TABLES invocations /],
  ['ended with one week copied and not forgotten', /^ALTER TABLE invocations_before DROP PARTITION/],
  ['ended with one day attached and not forgotten', /^ALTER TABLE otel_traces_before DROP PARTITION/],
  ['ended before the old table was gone', /^DROP TABLE otel_logs_before SYNC/],
])(
  '%s: every record once, kept as long as was chosen',
  async (_when, pattern) => {
    await keepFor(store, { invocations: 200, traces: 30 }, silentLog);
    const ids = [await record(0), await record(3), await record(5)].toSorted();
    const failing = failingAt(pattern);
    if (pattern.source !== '^never$')
      await expect(migrate({ store: failing, log: silentLog, signal })).rejects.toThrow('the process ended');
    // Written between the two: by a process that knows nothing of it.
    const late = await record(1);
    await migrate({ store, log: silentLog, signal });
    for (const table of named)
      expect([table, await idsIn(table)]).toEqual([table, [...ids, late].toSorted()]);
    expect(await engineOf('invocations')).toMatch(/ORDER BY \(namespace, created_at, .*toIntervalDay\(200\)/);
    expect(await engineOf('invocations_by_agent')).toMatch(
      /ORDER BY \(namespace, agent_kind, agent_name, created_at/,
    );
    expect(await engineOf('otel_traces')).toMatch(/toIntervalDay\(30\).*index_granularity = 1024/);
    const left = await store.query(`SELECT name FROM system.tables WHERE name LIKE '%_before'`);
    expect(left).toEqual([]);
  },
  60_000,
);

test('a table that is not as the schema made it is told of, and left alone', async () => {
  await store.command('DROP TABLE invocations_by_agent SYNC');
  await store.command('CREATE TABLE invocations_by_agent (id UUID) ENGINE = MergeTree ORDER BY id');
  await expect(migrate({ store, log: silentLog, signal })).rejects.toThrow('is not as the schema made it');
}, 60_000);
