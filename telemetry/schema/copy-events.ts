/**
 * From the first schema's table of events to rows a call. The events stay readable until all of them are copied; then
 * their table goes. Copied a day at a time, so that memory is bounded by a day. May run again from the start: nothing else
 * writes to the new tables before it is through.
 */
import type { Store } from '../store/store.ts';
import { tables } from './tables.ts';

export const eventsTable = 'invocation_events';

/** What every row of the new tables holds, from a row of the old one. */
const parsed = (...path: readonly string[]): string =>
  `parseDateTime64BestEffortOrZero(JSONExtractString(object, ${path.map((each) => `'${each}'`).join(', ')}), 3, 'UTC')`;
const text = (...path: readonly string[]): string =>
  `JSONExtractString(object, ${path.map((each) => `'${each}'`).join(', ')})`;

const columns: ReadonlyArray<readonly [column: string, expression: string]> = [
  ['namespace', 'namespace'],
  ['agent_kind', 'parent_kind'],
  ['agent_name', 'parent_name'],
  ['agent_uid', text('spec', 'parentRef', 'uid')],
  ['id', 'toUUIDOrZero(invocation_id)'],
  ['phase', 'phase'],
  ['reason', text('status', 'reason')],
  ['created_at', 'least(greatest(created_at, event_time - INTERVAL 7 DAY), event_time + INTERVAL 1 DAY)'],
  ['event_time', 'event_time'],
  ['started_at', parsed('status', 'startTime')],
  ['completed_at', parsed('status', 'completionTime')],
  ['deadline', 'deadline'],
  ['trigger', text('spec', 'trigger', 'type')],
  ['revision', text('status', 'revision')],
  ['worker', text('status', 'worker')],
  ['trace_id', text('status', 'traceId')],
  ['http_status', "toUInt16(JSONExtractUInt(object, 'status', 'httpStatus'))"],
  ['exit_code', "toInt32(JSONExtractInt(object, 'status', 'exitCode'))"],
  ['total_ms', "JSONExtractFloat(object, 'status', 'totalMs')"],
  ['stream_seq', 'stream_seq'],
  ['object', 'object'],
];

const call = 'namespace, parent_kind, parent_name, invocation_id';
/** The old table's columns by name would hide behind the new ones' of the same name. */
const select = columns.map(([column, expression]) => `${expression} AS new_${column}`).join(',\n  ');
const into = (table: string): string =>
  `INSERT INTO ${table} (${columns.map(([column]) => column).join(', ')})`;
const bounds = `SETTINGS max_threads = 2, max_insert_threads = 1, max_memory_usage = 2000000000,
  max_bytes_before_external_sort = 500000000, async_insert = 0`;

/** One row a call that ended on that day: the first terminal event, as the stream would have kept it. */
const endedOn = `SELECT ${select}
FROM ${eventsTable}
WHERE toDate(event_time) = {day: Date} AND phase_rank = 3
ORDER BY ${call}, stream_seq LIMIT 1 BY ${call}`;

/** The latest row of each call of that day that never ended and is too old to end now: kept as it was. */
const abandonedOn = `SELECT ${select}
FROM ${eventsTable}
WHERE toDate(event_time) = {day: Date} AND phase_rank < 3 AND event_time <= now() - INTERVAL 2 DAY
  AND cityHash64(${call}) NOT IN (SELECT cityHash64(${call}) FROM ${eventsTable}
    WHERE phase_rank = 3 AND toDate(event_time) BETWEEN {day: Date} AND {day: Date} + 1)
ORDER BY ${call}, phase_rank DESC, stream_seq DESC LIMIT 1 BY ${call}`;

const openNow = `SELECT ${select}
FROM ${eventsTable} WHERE phase_rank < 3 AND event_time > now() - INTERVAL 2 DAY`;

async function count(store: Store, sql: string): Promise<number> {
  const [row] = await store.query<{ n: string | number }>(sql);
  return Number(row?.n ?? 0);
}

export async function copyEvents(store: Store): Promise<void> {
  const old = await count(
    store,
    `SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name = '${eventsTable}'`,
  );
  if (old === 0) return;
  const targets = [tables.invocations, tables.byAgent];
  for (const table of [...targets, tables.progress]) await store.command(`TRUNCATE TABLE ${table}`);
  const days = await store.query<{ day: string }>(
    `SELECT DISTINCT toDate(event_time) AS day FROM ${eventsTable} ORDER BY day`,
  );
  for (const { day } of days) {
    for (const table of targets) {
      await store.command(`${into(table)}\n${endedOn}\n${bounds}`, { day });
      await store.command(`${into(table)}\n${abandonedOn}\n${bounds}`, { day });
    }
  }
  await store.command(`${into(tables.progress)}\n${openNow}\n${bounds}`);
  await store.command(`DROP TABLE ${eventsTable}`);
}
