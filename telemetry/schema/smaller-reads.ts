/**
 * Layouts by how pages are read. Lists of calls are one range of the key, of a namespace or of an agent, by time alone: a phase is a
 * filter, found by an index that tells for each granule which phases are in it. Records have small granules, because a page
 * fetches a few of them whole; and batches stay one file until they have been merged, because a file for each column of a
 * small part costs more than what is in it.
 */
import type { Store } from '../store/store.ts';
import { callColumns } from './invocations.ts';
import { attach, copy, relayout } from './reorder.ts';
import { tables, type Table } from './tables.ts';

/** Replaces what must be there: a table of somebody else's making is not guessed at. */
function replaced(engine: string, what: RegExp, by: string): string {
  if (!what.test(engine)) throw new Error(`a table is not as the schema made it: ${engine.slice(0, 200)}`);
  return engine.replace(what, by);
}

/** A page is a hundred rows; those of a rare phase lie each in a granule of its own. */
const callGranule = 256;

const orders: ReadonlyArray<readonly [table: Table, orderBy: string]> = [
  [tables.byAgent, 'namespace, agent_kind, agent_name, created_at, id'],
  [tables.invocations, 'namespace, created_at, id, agent_kind, agent_name'],
];

export async function orderCallsByTime(store: Store): Promise<void> {
  for (const [table, orderBy] of orders) {
    await relayout(store, {
      table,
      engine: (engine) =>
        replaced(
          replaced(engine, /ORDER BY \([^)]*\)/, `ORDER BY (${orderBy})`),
          /index_granularity = \d+/,
          `index_granularity = ${callGranule}`,
        ),
      alter: (name) => [`ALTER TABLE ${name} ADD INDEX IF NOT EXISTS phase phase TYPE set(0) GRANULARITY 1`],
      bring: copy(callColumns, 'namespace, agent_kind, agent_name, id, created_at, phase'),
    });
  }
}

export async function shrinkGranules(store: Store): Promise<void> {
  for (const table of [tables.logs, tables.traces]) {
    await relayout(store, {
      table,
      engine: (engine) => replaced(engine, /index_granularity = \d+/, 'index_granularity = 1024'),
      bring: attach('IngestId'),
    });
    await store.command(`ALTER TABLE ${table} MODIFY SETTING min_bytes_for_wide_part = ${wideFromBytes}`);
  }
}

/** Of a part, before compression. */
const wideFromBytes = 128 * 1024 * 1024;
