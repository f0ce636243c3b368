/**
 * Gives a table with records another layout. The new one takes the old one's name first, empty, so that whatever is written
 * meanwhile lands there; then what was recorded follows, a partition at a time, and the old one goes. How long records
 * are kept stays as the table has it. May run again from wherever it ended: what has come over already is not taken twice.
 */
import type { Store } from '../store/store.ts';
import type { Table } from './tables.ts';

/** The old table's name while it is emptied. */
const before = (table: Table): string => `${table}_before`;

export interface Relayout {
  readonly table: Table;
  /** Its columns now, and what it is made of: the engine's own words. */
  readonly engine: (engine: string) => string;
  /** Statements of the new table, before it has rows. */
  readonly alter?: (name: string) => readonly string[];
  /** One partition, from the old to the new. */
  readonly bring: (store: Store, from: string, to: Table, partition: string) => Promise<void>;
}

async function engineOf(store: Store, name: string): Promise<string | undefined> {
  const [row] = await store.query<{ engine: string }>(
    `SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = {name: String}`,
    { name },
  );
  return row?.engine;
}

async function partitionsOf(store: Store, name: string): Promise<readonly string[]> {
  const rows = await store.query<{ id: string }>(
    `SELECT DISTINCT partition_id AS id FROM system.parts
WHERE database = currentDatabase() AND table = {name: String} AND active ORDER BY id DESC`,
    { name },
  );
  return rows.map(({ id }) => id);
}

export async function relayout(store: Store, { table, engine, alter, bring }: Relayout): Promise<void> {
  const old = before(table);
  const current = await engineOf(store, table);
  if (current === undefined) throw new Error(`there is no table ${table}`);
  const wanted = engine(current);
  if (wanted !== current) {
    // What a process that ended before the exchange had made.
    await store.command(`DROP TABLE IF EXISTS ${old} SYNC`);
    await store.command(`CREATE TABLE ${old} AS ${table} ENGINE = ${wanted}`);
    for (const statement of alter?.(old) ?? []) await store.command(statement);
    await store.command(`EXCHANGE TABLES ${table} AND ${old}`);
  }
  if ((await engineOf(store, old)) === undefined) return;
  for (const partition of await partitionsOf(store, old)) {
    await bring(store, old, table, partition);
    await store.command(`ALTER TABLE ${old} DROP PARTITION ID '${partition}'`);
  }
  await store.command(`DROP TABLE ${old} SYNC`);
}

/** Parts are linked, not written again: for tables that differ in settings alone. `number` tells rows apart. */
export const attach =
  (number: string): Relayout['bring'] =>
  async (store, from, to, partition) => {
    const [row] = await store.query<{ n: string | number }>(
      `SELECT count() AS n FROM ${to} WHERE _partition_id = {partition: String} AND ${number} IN (
SELECT ${number} FROM ${from} WHERE _partition_id = {partition: String} LIMIT 1)`,
      { partition },
    );
    // A process ended between bringing it over and forgetting it.
    if (Number(row?.n ?? 0) > 0) return;
    await store.command(`ALTER TABLE ${to} ATTACH PARTITION ID '${partition}' FROM ${from}`);
  };

/** Rows are written again, in the new order; `key` tells them apart. */
export const copy =
  (columns: readonly string[], key: string): Relayout['bring'] =>
  async (store, from, to, partition) => {
    const listed = columns.join(', ');
    await store.command(
      `INSERT INTO ${to} (${listed}) SELECT ${listed} FROM ${from}
WHERE _partition_id = {partition: String} AND sipHash128(${key}) NOT IN (
  SELECT sipHash128(${key}) FROM ${to} WHERE _partition_id = {partition: String})
SETTINGS max_threads = 2, max_insert_threads = 1, min_insert_block_size_bytes = 134217728,
  max_memory_usage = 2000000000, async_insert = 0`,
      { partition },
    );
  };
