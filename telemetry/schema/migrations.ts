/**
 * The versions of the schema, in order: what each does to the one before. Never edited once released, only added to. Each
 * may run again, because a process may end in the middle of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../store/store.ts';
import { copyEvents } from './copy-events.ts';
import { addFigures } from './figures.ts';
import { createInvocations } from './invocations.ts';
import { addIngestId, createLogs, createTraces, numberByEngine } from './records.ts';
import { orderCallsByTime, shrinkGranules } from './smaller-reads.ts';
import { tables } from './tables.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly run: (store: Store, signal: AbortSignal) => Promise<void>;
}

async function runAll(store: Store, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await store.command(statement);
}

/** Until the engine has rewritten the parts that were there. */
async function untilMutated(store: Store, table: string, signal: AbortSignal): Promise<void> {
  const unfinished = `SELECT count() AS n, any(latest_fail_reason) AS failure FROM system.mutations
WHERE database = currentDatabase() AND table = {table: String} AND NOT is_done`;
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 2_000)) {
    const [row] = await store.query<{ n: string | number; failure: string }>(unfinished, { table });
    if (Number(row?.n ?? 0) === 0) return;
    if ((row?.failure ?? '') !== '') throw new Error(`ClickHouse cannot rewrite ${table}: ${row?.failure}`);
    await delay(waitMs, undefined, { signal });
  }
}

async function numberRecords(store: Store, signal: AbortSignal): Promise<void> {
  for (const table of [tables.logs, tables.traces]) {
    const [row] = await store.query<{ n: string | number }>(`SELECT count() AS n FROM ${table}`);
    // A new installation has nothing to rewrite, and should not wait for it.
    const isEmpty = Number(row?.n ?? 0) === 0;
    if (!isEmpty) {
      await runAll(store, addIngestId(table));
      await untilMutated(store, table, signal);
    }
    for (const statement of numberByEngine(table)) await store.command(statement);
    if (!isEmpty) await store.command(`ALTER TABLE ${table} MATERIALIZE INDEX ingest_id`);
  }
}

export const migrations: readonly Migration[] = [
  { version: 1, name: 'logs and traces', run: (store) => runAll(store, [createLogs, createTraces]) },
  {
    version: 2,
    name: 'one row a call',
    run: async (store) => {
      await runAll(store, createInvocations);
      await copyEvents(store);
    },
  },
  { version: 3, name: 'records are numbered', run: numberRecords },
  { version: 4, name: 'figures of spans', run: (store) => store.command(addFigures) },
  { version: 5, name: 'calls by time', run: orderCallsByTime },
  { version: 6, name: 'small granules', run: shrinkGranules },
];
