/**
 * Read requests as bound ClickHouse queries, and rows back as the API's objects. Pure. Statement texts are constants
 * chosen by which filters are present; every value is a parameter.
 */
import { agentId } from '../contract/index.ts';
import type { QueryParams } from './engine-protocol.ts';
import type { ReadFilter, ReadRequest } from './read-request.ts';

export interface BoundQuery {
  readonly sql: string;
  readonly params: QueryParams;
  readonly render: (row: Record<string, unknown>) => unknown;
}

/** Where a follower stands: rows ingested (or events sequenced) from here on are of interest. */
export interface Cursor {
  readonly ingestedMs?: number;
  readonly seq?: number;
}

/** One reader may not take the engine's memory or both cores from the writers. */
const bounds = 'SETTINGS max_threads = 2, max_execution_time = 20, max_memory_usage = 1000000000';

/** RFC 3339 with nanoseconds. */
const time = (column: string): string =>
  `concat(formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S', 'UTC'), '.', ` +
  `leftPad(toString(toUnixTimestamp64Nano(${column}) % 1000000000), 9, '0'), 'Z')`;

function recordFilter(
  filter: ReadFilter,
  cursor: Cursor,
): { where: string[]; params: Record<string, unknown> } {
  const where = ['Agent = {agent: String}'];
  const params: Record<string, unknown> = { limit: filter.limit };
  const add = (condition: string, key: string, value: unknown): void => {
    if (value === undefined) return;
    where.push(condition);
    params[key] = value;
  };
  add('InvocationId = {invocation: String}', 'invocation', filter.invocation);
  add("Timestamp >= fromUnixTimestamp64Milli({since: Int64}, 'UTC')", 'since', filter.sinceMs);
  add("Timestamp < fromUnixTimestamp64Milli({until: Int64}, 'UTC')", 'until', filter.untilMs);
  add('IoStream = {iostream: String}', 'iostream', filter.iostream);
  add("IngestedAt >= fromUnixTimestamp64Milli({ingested: Int64}, 'UTC')", 'ingested', cursor.ingestedMs);
  const components = filter.components.length === 0 ? undefined : filter.components;
  add('has({components: Array(String)}, Component)', 'components', components);
  return { where, params };
}

function logsQuery(agent: string, filter: ReadFilter, cursor: Cursor): BoundQuery {
  const { where, params } = recordFilter(filter, cursor);
  return {
    sql: `SELECT ${time('Timestamp')} AS timestamp, SeverityText AS severity, Body AS body,
Component AS component, IoStream AS iostream, TraceId AS traceId, SpanId AS spanId, LogAttributes AS attributes
FROM otel_logs WHERE ${where.join(' AND ')}
ORDER BY Timestamp DESC LIMIT {limit: UInt32} ${bounds}`,
    params: { ...params, agent },
    render: (row) => row,
  };
}

interface SpanRow {
  durationNs: string;
  eventTimes: string[];
  eventNames: string[];
  eventAttributes: unknown[];
}

function renderSpanRow(row: Record<string, unknown>): unknown {
  const { durationNs, eventTimes, eventNames, eventAttributes, ...span } = row as Record<string, unknown> &
    SpanRow;
  const events = eventTimes.map((at, index) => ({
    time: at,
    name: eventNames[index],
    attributes: eventAttributes[index],
  }));
  return { ...span, durationNs: Number(durationNs), events };
}

function tracesQuery(agent: string, filter: ReadFilter, cursor: Cursor): BoundQuery {
  const { where, params } = recordFilter(filter, cursor);
  return {
    sql: `SELECT TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parentSpanId, SpanName AS name,
SpanKind AS kind, ${time('Timestamp')} AS start, toString(Duration) AS durationNs, StatusCode AS statusCode,
StatusMessage AS statusMessage, SpanAttributes AS attributes, ResourceAttributes AS resource,
arrayMap(t -> ${time('t')}, Events.Timestamp) AS eventTimes, Events.Name AS eventNames,
Events.Attributes AS eventAttributes
FROM otel_traces WHERE ${where.join(' AND ')}
ORDER BY Timestamp DESC LIMIT {limit: UInt32} ${bounds}`,
    params: { ...params, agent },
    render: renderSpanRow,
  };
}

interface InvocationScope {
  readonly namespace: string;
  readonly kind?: string;
  readonly name?: string;
  readonly id?: string;
}

/** Latest state by phase rank, then stream sequence (schema.ts says why the rank). Newest first. */
function invocationsQuery(
  scope: InvocationScope,
  filter: ReadFilter | undefined,
  cursor: Cursor,
): BoundQuery {
  const where = ['namespace = {namespace: String}'];
  const having = ['1'];
  const params: Record<string, unknown> = { namespace: scope.namespace, limit: filter?.limit ?? 1 };
  const add = (list: string[], condition: string, key: string, value: unknown): void => {
    if (value === undefined) return;
    list.push(condition);
    params[key] = value;
  };
  add(where, 'parent_kind = {kind: String}', 'kind', scope.kind);
  add(where, 'parent_name = {name: String}', 'name', scope.name);
  add(where, 'invocation_id = {id: String}', 'id', scope.id ?? filter?.invocation);
  const created = (operator: string, key: string): string =>
    `created_at ${operator} fromUnixTimestamp64Milli({${key}: Int64}, 'UTC')`;
  add(where, created('>=', 'since'), 'since', filter?.sinceMs);
  add(where, created('<', 'until'), 'until', filter?.untilMs);
  add(having, 'seq > {seq: UInt64}', 'seq', cursor.seq);
  return {
    sql: `SELECT argMax(object, (phase_rank, stream_seq)) AS object, toString(max(stream_seq) AS seq) AS seqText,
min(created_at) AS created FROM invocation_events WHERE ${where.join(' AND ')}
GROUP BY namespace, parent_kind, parent_name, invocation_id HAVING ${having.join(' AND ')}
ORDER BY created DESC, invocation_id LIMIT {limit: UInt32} ${bounds}`,
    params,
    render: (row) => ({ seq: Number(row['seqText']), object: JSON.parse(String(row['object'])) as unknown }),
  };
}

export function planRead(request: ReadRequest, cursor: Cursor = {}): BoundQuery {
  switch (request.what) {
    case 'logs':
      return logsQuery(agentId(request.agent), request.filter, cursor);
    case 'traces':
      return tracesQuery(agentId(request.agent), request.filter, cursor);
    case 'agentInvocations':
      return invocationsQuery(request.agent, request.filter, cursor);
    case 'invocations':
      return invocationsQuery({ namespace: request.namespace }, request.filter, cursor);
    case 'invocation':
      return invocationsQuery({ namespace: request.namespace, id: request.id }, undefined, cursor);
  }
}
