/**
 * Which calls are past their deadline without an end. Deadlines are looked at a stretch at a time, each stretch once: what
 * was told of later about an earlier deadline is found by its number. So a round reads what passed since the last one,
 * not a day.
 */
import type { QueryParams } from '../engine/engine-protocol.ts';
import { tables } from '../schema/tables.ts';
import type { Store } from '../store/store.ts';

/** A stretch of deadlines, after `fromMs` up to and with `untilMs`. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

const at = (parameter: string): string => `fromUnixTimestamp64Milli({${parameter}: Int64}, 'UTC')`;
const call = 'namespace, agent_kind, agent_name, id';

/** `which` picks rows of the progress table; the deadline of a call is the same in all of them. */
function overdueWhere(which: string): string {
  // An end is told of after all else, by the stream's clock: what is older need not be looked at.
  const since = `(SELECT min(event_time) FROM ${tables.progress} WHERE ${which})`;
  const ids = `SELECT id FROM ${tables.progress} WHERE ${which}`;
  return `SELECT object FROM ${tables.progress}
WHERE ${which} AND (${call}) NOT IN (
  SELECT ${call} FROM ${tables.invocations} WHERE event_time >= ${since} AND id IN (${ids}))
ORDER BY ${call}, stream_seq DESC LIMIT 1 BY ${call}
LIMIT {limit: UInt32}`;
}

const byDeadline = overdueWhere(`deadline > ${at('from')} AND deadline <= ${at('until')}`);
const byNumber = overdueWhere(
  `ingest_id > {after: UInt64} AND deadline > ${at('zero')} AND deadline <= ${at('from')}`,
);

type Reader = Pick<Store, 'query'>;

async function objects(store: Reader, sql: string, params: QueryParams): Promise<readonly string[]> {
  const rows = await store.query<{ object: string }>(sql, params);
  return rows.map((row) => row.object);
}

/** The latest snapshots of calls whose deadline lies in this stretch. */
export function overdueIn(store: Reader, stretch: Stretch, limit: number): Promise<readonly string[]> {
  return objects(store, byDeadline, { from: stretch.fromMs, until: stretch.untilMs, limit });
}

/** Of calls whose deadline had passed before they were told of: after the number `afterId`. */
export function toldLate(
  store: Reader,
  passedMs: number,
  afterId: string,
  limit: number,
): Promise<readonly string[]> {
  return objects(store, byNumber, { after: afterId, zero: 0, from: passedMs, limit });
}
