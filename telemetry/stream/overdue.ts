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

/** How far back the ends of these calls can lie. Nothing is answered when there are none. */
interface Since {
  readonly n: string | number;
  readonly told: string;
  readonly made: string;
}

interface LostKey {
  readonly namespace: string;
  readonly idText: string;
  readonly made: string;
  readonly seq: string;
}

const ms = (column: string): string => `toString(toUnixTimestamp64Milli(${column}))`;

/** `which` picks rows of the progress table; the deadline of a call is the same in all of them. */
function statementsOf(which: string): { readonly since: string; readonly lost: string } {
  return {
    since: `SELECT count() AS n, ${ms('min(event_time)')} AS told, ${ms('min(created_at)')} AS made
FROM ${tables.progress} WHERE ${which}`,
    // Keys alone: nearly all of these calls have ended, and what was said of them need not be read.
    lost: `SELECT namespace, toString(id) AS idText, ${ms('created_at')} AS made, toString(stream_seq) AS seq
FROM ${tables.progress} WHERE ${which} AND (${call}) NOT IN (
  SELECT ${call} FROM ${tables.invocations} WHERE created_at >= ${at('made')} AND event_time >= ${at('told')}
  AND id IN (SELECT id FROM ${tables.progress} WHERE ${which}))
ORDER BY ${call}, stream_seq DESC LIMIT 1 BY ${call}
LIMIT {limit: UInt32}`,
  };
}

const byDeadline = statementsOf(`deadline > ${at('from')} AND deadline <= ${at('until')}`);
const byNumber = statementsOf(
  `ingest_id > {after: UInt64} AND deadline > ${at('zero')} AND deadline <= ${at('from')}`,
);

const objectsOf = `SELECT object FROM ${tables.progress}
WHERE namespace IN {namespaces: Array(String)} AND created_at >= ${at('first')} AND created_at <= ${at('last')}
AND id IN {ids: Array(UUID)} AND stream_seq IN {seqs: Array(UInt64)}`;

type Reader = Pick<Store, 'query'>;

async function objects(
  store: Reader,
  { since, lost }: ReturnType<typeof statementsOf>,
  params: QueryParams,
): Promise<readonly string[]> {
  const [earliest] = await store.query<Since>(since, params);
  if (earliest === undefined || Number(earliest.n) === 0) return [];
  // An end is told of after all else, by the stream's clock, and no earlier a time is believed of it then.
  const { told, made } = earliest;
  const keys = await store.query<LostKey>(lost, { ...params, told, made });
  if (keys.length === 0) return [];
  const times = keys.map((key) => Number(key.made));
  const rows = await store.query<{ object: string }>(objectsOf, {
    namespaces: [...new Set(keys.map((key) => key.namespace))],
    first: Math.min(...times),
    last: Math.max(...times),
    ids: keys.map((key) => key.idText),
    seqs: keys.map((key) => Number(key.seq)),
  });
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
