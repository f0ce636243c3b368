/**
 * How long records are kept: what the installation says, written into the tables. What it does not say stays as the table has it,
 * so that no upgrade takes away what somebody chose to keep. ClickHouse drops whole partitions: of logs and spans a day,
 * of calls a week.
 */
import {
  ClrkError,
  environment as variables,
  isRetention,
  retentionDays,
  type KeptRecords,
} from '../../contract/index.ts';
import type { Environment, Log } from '../../process/index.ts';
import type { Store } from '../store/store.ts';
import { tables, type Table } from './tables.ts';

/** Days of each; absent: as the table has it. */
export type Retention = Readonly<Partial<Record<KeptRecords, number>>>;

const variableOf: Readonly<Record<KeptRecords, string>> = {
  logs: variables.logRetentionDays,
  traces: variables.traceRetentionDays,
  invocations: variables.invocationRetentionDays,
};
const keptTables: ReadonlyArray<readonly [kept: KeptRecords, table: Table, time: string]> = [
  ['logs', tables.logs, 'Timestamp'],
  ['traces', tables.traces, 'Timestamp'],
  ['invocations', tables.invocations, 'created_at'],
  ['invocations', tables.byAgent, 'created_at'],
];

function daysOf(environment: Environment, kept: KeptRecords): number | undefined {
  const variable = variableOf[kept];
  const text = environment[variable] || undefined;
  if (text === undefined) return undefined;
  const { least, most } = retentionDays[kept];
  if (!/^\d+$/.test(text) || !isRetention(kept, Number(text))) {
    throw new ClrkError(
      'RETENTION_SETTING',
      `${variable} must be a number of days from ${least} to ${most}, not "${text.slice(0, 40)}"`,
    );
  }
  return Number(text);
}

/** Throws RETENTION_SETTING. */
export function retentionOf(environment: Environment): Retention {
  const kinds: readonly KeptRecords[] = ['logs', 'traces', 'invocations'];
  const said = kinds.map((kept) => [kept, daysOf(environment, kept)] as const);
  return Object.fromEntries(said.filter(([, days]) => days !== undefined));
}

/** Undefined: the table has none that we wrote. */
async function daysKept(store: Store, table: Table): Promise<number | undefined> {
  const [row] = await store.query<{ engine: string }>(
    `SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = {table: String}`,
    { table },
  );
  const days = / TTL [^+]* \+ toIntervalDay\((?<days>\d+)\)/.exec(row?.engine ?? '')?.groups?.['days'];
  return days === undefined ? undefined : Number(days);
}

/** After the migrations. Parts that are there get the new time too, without being written again. */
export async function keepFor(store: Store, retention: Retention, log: Log): Promise<void> {
  for (const [kept, table, time] of keptTables) {
    const days = retention[kept];
    if (days === undefined) continue;
    const before = await daysKept(store, table);
    if (before === days) continue;
    // A number within bounds and names of ours: nothing foreign enters the statement.
    await store.command(`ALTER TABLE ${table} MODIFY SETTING materialize_ttl_recalculate_only = 1`);
    await store.command(`ALTER TABLE ${table} MODIFY TTL toDateTime(${time}) + toIntervalDay(${days})`);
    log.info({ table, days, before }, 'records are kept for another time');
  }
}
