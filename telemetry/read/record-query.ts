/**
 * The statements that reads of logs and spans are made of. Pure. A page is found by its keys first, light columns read
 * from the end of the agent's range; then its rows are fetched whole. Texts are constants chosen by which filters are
 * present; every value is a parameter.
 */
import { tables } from '../schema/tables.ts';
import { asFarAs, type Statement } from './call-query.ts';
import type { RecordPosition } from './page-token.ts';
import type { ReadFilter } from './read-request.ts';

export type RecordKind = 'logs' | 'traces';

/** A record as pages and followers name it; 64-bit numbers as text. */
export interface RecordKey {
  readonly nanos: string;
  readonly ingestId: string;
}

export interface RecordScope {
  readonly kind: RecordKind;
  /** `TaskAgent/ns/name`. */
  readonly agent: string;
  readonly filter: ReadFilter;
}

/** RFC 3339 with nanoseconds. */
const time = (column: string): string =>
  `concat(formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S', 'UTC'), '.', ` +
  `leftPad(toString(toUnixTimestamp64Nano(${column}) % 1000000000), 9, '0'), 'Z')`;

const cursor = `toString(toUnixTimestamp64Nano(Timestamp)) AS nanos, toString(IngestId) AS ingestId`;

const columns: Readonly<Record<RecordKind, string>> = {
  logs: `${time('Timestamp')} AS timestamp, SeverityText AS severity, Body AS body,
Component AS component, IoStream AS iostream, TraceId AS traceId, SpanId AS spanId, LogAttributes AS attributes`,
  traces: `TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parentSpanId, SpanName AS name,
SpanKind AS kind, ${time('Timestamp')} AS start, toString(Duration) AS durationNs, StatusCode AS statusCode,
StatusMessage AS statusMessage, SpanAttributes AS attributes, ResourceAttributes AS resource,
arrayMap(t -> ${time('t')}, Events.Timestamp) AS eventTimes, Events.Name AS eventNames,
Events.Attributes AS eventAttributes`,
};

interface Conditions {
  readonly where: string[];
  readonly params: Record<string, unknown>;
}

function filterOf({ agent, filter }: RecordScope): Conditions {
  const where = ['Agent = {agent: String}'];
  const params: Record<string, unknown> = { agent };
  const add = (condition: string, key: string, value: unknown): void => {
    if (value === undefined) return;
    where.push(condition);
    params[key] = value;
  };
  add('InvocationId = {invocation: String}', 'invocation', filter.invocation);
  add('TraceId = {trace: String}', 'trace', filter.trace);
  add("Timestamp >= fromUnixTimestamp64Milli({since: Int64}, 'UTC')", 'since', filter.sinceMs);
  add("Timestamp < fromUnixTimestamp64Milli({until: Int64}, 'UTC')", 'until', filter.untilMs);
  add('IoStream = {iostream: String}', 'iostream', filter.iostream);
  const components = filter.components.length === 0 ? undefined : filter.components;
  add('has({components: Array(String)}, Component)', 'components', components);
  return { where, params };
}

/** The newest keys, or those behind a position. */
export function pageKeys(scope: RecordScope, limit: number, before: RecordPosition | undefined): Statement {
  const { where, params } = filterOf(scope);
  const table = tables[scope.kind];
  if (before !== undefined) {
    const at = "fromUnixTimestamp64Nano({before: Int64}, 'UTC')";
    where.push(`Timestamp <= ${at}`, `(Timestamp < ${at} OR IngestId < {beforeId: UInt64})`);
    params['before'] = before.nanos;
    params['beforeId'] = before.ingestId;
  }
  return {
    sql: `SELECT ${cursor} FROM ${table} WHERE ${asFarAs('Timestamp', table, where.join(' AND '))}
ORDER BY Timestamp DESC, IngestId DESC LIMIT {limit: UInt32}`,
    params: { ...params, limit },
  };
}

/** Numbers of what became visible after another, in that order. */
export function newIds(scope: RecordScope, afterId: string, limit: number): Statement {
  const { where, params } = filterOf(scope);
  return {
    sql: `SELECT ${cursor} FROM ${tables[scope.kind]}
WHERE ${where.join(' AND ')} AND IngestId > {after: UInt64}
ORDER BY IngestId LIMIT {limit: UInt32}`,
    params: { ...params, after: afterId, limit },
  };
}

/** The rows of these keys, whole, in no order. */
export function rowsOf(scope: RecordScope, keys: readonly RecordKey[]): Statement {
  const { where, params } = filterOf(scope);
  const nanos = keys.map((key) => BigInt(key.nanos));
  const first = nanos.reduce((a, b) => (a < b ? a : b));
  const last = nanos.reduce((a, b) => (a > b ? a : b));
  return {
    sql: `SELECT ${cursor}, ${columns[scope.kind]} FROM ${tables[scope.kind]}
WHERE ${where.join(' AND ')} AND Timestamp >= fromUnixTimestamp64Nano({first: Int64}, 'UTC')
AND Timestamp <= fromUnixTimestamp64Nano({last: Int64}, 'UTC') AND IngestId IN (SELECT toUInt64(arrayJoin({ids: Array(String)})))`,
    params: { ...params, first: String(first), last: String(last), ids: keys.map((key) => key.ingestId) },
  };
}
