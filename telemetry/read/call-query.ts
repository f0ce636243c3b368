/**
 * The statements that lists of calls are made of. Pure. Texts are constants chosen by which filters are present; every
 * value is a parameter. Each reads a few ranges of a key from their end, and light columns only; `object` is fetched for
 * what a page holds. No statement merges or groups.
 */
import { agentKinds, type AgentKind, type Phase } from '../../contract/index.ts';
import type { QueryParams } from '../engine/engine-protocol.ts';
import { tables } from '../schema/tables.ts';
import type { CallPosition } from './page-token.ts';

/** Whose calls. */
export interface CallScope {
  /** Absent: of every namespace. Only for who may read them all. */
  readonly namespace?: string;
  readonly kinds: readonly AgentKind[];
  readonly name?: string;
  readonly id?: string;
}

/** Which of them; `before`: behind the page before. */
export interface CallRange {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly before?: CallPosition;
}

export interface Statement {
  readonly sql: string;
  readonly params: QueryParams;
}

/** A call as lists order it. */
export interface CallKey {
  readonly createdMs: string;
  readonly id: string;
  readonly agent: string;
  readonly phase: Phase;
  /** Of a call that has not ended: which of what was said. */
  readonly seq?: string;
}

export interface ProgressKey extends CallKey {
  readonly eventMs: string;
  readonly seq: string;
}

/** An agent's name within what is asked for: ids are an agent's own, and one name may be in two namespaces. */
function agentIn({ namespace }: CallScope): string {
  const name = "concat(agent_kind, '/', agent_name)";
  return namespace === undefined ? `concat(namespace, '/', ${name})` : name;
}

/** Not `id`: an alias of a column's own name stands for it in conditions too. */
const keyIn = (scope: CallScope): string =>
  `toString(toUnixTimestamp64Milli(created_at)) AS createdMs, toString(id) AS idText,
  ${agentIn(scope)} AS agent, phase`;
const newestFirst = 'ORDER BY created_at DESC, idText DESC, agent DESC';
/**
 * Down to where the newest rows reach, by the time alone: the engine stops reading at a limit only when it sorts by nothing but
 * its key. Of rows of one time all are within it. Without rows nothing is.
 */
export function asFarAs(time: string, from: string, where: string): string {
  return `${where} AND ${time} >= (SELECT minOrNull(${time}) FROM (
SELECT ${time} FROM ${from} WHERE ${where} ORDER BY ${time} DESC LIMIT {limit: UInt32}))`;
}
const at = (parameter: string): string => `fromUnixTimestamp64Milli({${parameter}: Int64}, 'UTC')`;

/** Conditions and their parameters, put together. */
class Where {
  readonly conditions: string[] = [];
  readonly params: Record<string, unknown> = {};

  add(condition: string, values: Readonly<Record<string, unknown>> = {}): this {
    if (Object.values(values).some((value) => value === undefined)) return this;
    this.conditions.push(condition);
    Object.assign(this.params, values);
    return this;
  }

  get text(): string {
    return this.conditions.join(' AND ');
  }
}

function within(where: Where, scope: CallScope, { sinceMs, untilMs, before }: CallRange): Where {
  where.add(`created_at >= ${at('since')}`, { since: sinceMs });
  where.add(`created_at < ${at('until')}`, { until: untilMs });
  if (before === undefined) return where;
  const { createdMs, id, agent: name } = before;
  // The first condition is the key's; the second tells apart what has the same time.
  return where
    .add(`created_at <= ${at('before')}`, { before: createdMs })
    .add(
      `(created_at < ${at('before')} OR (toString(id), ${agentIn(scope)}) < ({beforeId: String}, {beforeAgent: String}))`,
      {
        beforeId: id,
        beforeAgent: name,
      },
    );
}

/** One range of a key, and one for each kind where an agent is named, read from its end. */
export function endedPage(
  scope: CallScope,
  phases: readonly Phase[],
  range: CallRange,
  limit: number,
): Statement {
  const { namespace, kinds, name, id } = scope;
  const table = name === undefined ? tables.invocations : tables.byAgent;
  const shared = within(new Where().add('namespace = {namespace: String}', { namespace }), scope, range);
  const ofSomeKinds = name === undefined && kinds.length < agentKinds.length;
  shared
    .add('agent_kind IN {kinds: Array(String)}', { kinds: ofSomeKinds ? kinds : undefined })
    .add('agent_name = {name: String}', { name })
    .add('id = {id: UUID}', { id })
    .add('phase IN {phases: Array(String)}', { phases: phases.length === 0 ? undefined : phases });
  const params: Record<string, unknown> = { ...shared.params, limit };
  const branch = (ofKind: readonly string[]): string => `SELECT created_at, ${keyIn(scope)} FROM ${table}
WHERE ${asFarAs('created_at', table, [...shared.conditions, ...ofKind].join(' AND '))}
${newestFirst} LIMIT {limit: UInt32}`;
  const branches = (name === undefined ? [] : kinds).map((kind, k) => {
    params[`kind${k}`] = kind;
    return `(${branch([`agent_kind = {kind${k}: String}`])})`;
  });
  const inside = branches.length === 0 ? branch([]) : branches.join('\nUNION ALL\n');
  const sql = `SELECT createdMs, idText AS id, agent, phase FROM (
${inside}
) ${newestFirst} LIMIT {limit: UInt32}`;
  return { sql, params };
}

/** What was last said of calls that may be open, newest first; a call comes once for each thing said. */
export function progressPage(scope: CallScope, range: CallRange, limit: number): Statement {
  const { namespace, kinds, name, id } = scope;
  const where = within(new Where().add('namespace = {namespace: String}', { namespace }), scope, range)
    .add('agent_kind IN {kinds: Array(String)}', { kinds })
    .add('agent_name = {name: String}', { name })
    .add('id = {id: UUID}', { id })
    .add('open_until >= now64(3)');
  return {
    sql: `SELECT createdMs, idText AS id, agent, phase, eventMs, seq FROM (
SELECT created_at, ${keyIn(scope)}, toString(toUnixTimestamp64Milli(event_time)) AS eventMs, toString(stream_seq) AS seq
FROM ${tables.progress} WHERE ${asFarAs('created_at', tables.progress, where.text)}
${newestFirst} LIMIT {limit: UInt32})`,
    params: { ...where.params, limit },
  };
}

/** Those of these calls that have ended. An end is told of after all else, by the stream's own clock. */
export function endedAmong(scope: CallScope, ids: readonly string[], sinceEventMs: number): Statement {
  const where = new Where()
    .add('namespace = {namespace: String}', { namespace: scope.namespace })
    .add(`event_time >= ${at('since')}`, { since: sinceEventMs })
    .add('id IN {ids: Array(UUID)}', { ids });
  return {
    sql: `SELECT idText AS id, agent FROM (
SELECT DISTINCT toString(id) AS idText, ${agentIn(scope)} AS agent FROM ${tables.invocations}
WHERE ${where.text})`,
    params: where.params,
  };
}

/** The rows of a page, whole. `range` is theirs exactly. */
export function objectsOf(
  table: 'ended' | 'progress',
  scope: CallScope,
  keys: readonly CallKey[],
): Statement {
  const { namespace, kinds, name } = scope;
  const times = keys.map((each) => Number(each.createdMs));
  const phases = [...new Set(keys.map((each) => each.phase))];
  const ids = keys.map((each) => each.id);
  const from =
    table === 'progress' ? tables.progress : name === undefined ? tables.invocations : tables.byAgent;
  const where = new Where()
    .add('namespace = {namespace: String}', { namespace })
    .add('agent_kind IN {kinds: Array(String)}', { kinds: name === undefined ? undefined : kinds })
    .add('agent_name = {name: String}', { name })
    .add('phase IN {phases: Array(String)}', { phases })
    .add(`created_at >= ${at('first')}`, { first: Math.min(...times) })
    .add(`created_at <= ${at('last')}`, { last: Math.max(...times) })
    .add('id IN {ids: Array(UUID)}', { ids });
  return {
    sql: `SELECT idText AS id, agent, phase, object, ingestId FROM (
SELECT toString(id) AS idText, ${agentIn(scope)} AS agent, phase, object, toString(ingest_id) AS ingestId FROM ${from} WHERE ${where.text})`,
    params: where.params,
  };
}

/** What became known of calls after another number, in that order; `seq` where a call has not ended. */
export function newCalls(
  scope: CallScope,
  phases: readonly Phase[],
  afterId: string,
  limit: number,
): Statement {
  const { namespace, kinds, name, id } = scope;
  const where = new Where()
    .add('namespace = {namespace: String}', { namespace })
    .add('agent_kind IN {kinds: Array(String)}', { kinds })
    .add('agent_name = {name: String}', { name })
    .add('id = {id: UUID}', { id })
    .add('phase IN {phases: Array(String)}', { phases: phases.length === 0 ? undefined : phases })
    .add('ingest_id > {after: UInt64}', { after: afterId });
  const branch = (table: string, seq: string): string =>
    `(SELECT ${keyIn(scope)}, ${seq} AS seq, ingest_id FROM ${table} WHERE ${where.text} ORDER BY ingest_id LIMIT {limit: UInt32})`;
  return {
    sql: `SELECT createdMs, idText AS id, agent, phase, seq, toString(ingest_id) AS ingestId FROM (
${branch(tables.invocations, "''")}
UNION ALL
${branch(tables.progress, 'toString(stream_seq)')}
) ORDER BY ingest_id LIMIT {limit: UInt32}`,
    params: { ...where.params, limit },
  };
}
