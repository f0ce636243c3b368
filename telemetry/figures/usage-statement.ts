/**
 * The statements that the figures of the last day are made of, one row an agent, gateway or pool. Pure. Names are in order and
 * bounded; texts are constants, every value is a parameter.
 */
import type { AgentKind } from '../../contract/index.ts';
import type { Statement } from '../read/call-query.ts';
import { tables } from '../schema/tables.ts';
import { exchange, failed } from './recipe.ts';

/** Whose: absent, everybody's of a namespace, or of all. */
export interface UsageScope {
  readonly namespace?: string;
  readonly name?: string;
  readonly sinceMs: number;
  /** At most so many rows. */
  readonly limit: number;
}

const since = (column: string): string => `${column} >= fromUnixTimestamp64Milli({since: Int64}, 'UTC')`;
const text = (sum: string, name: string): string => `toString(${sum}) AS ${name}`;

/** `ns/name` in a column, behind what comes before it there. */
function named(column: string, before: string, { namespace, name }: UsageScope): readonly [string, object] {
  if (namespace === undefined) return [`startsWith(${column}, {before: String})`, { before }];
  if (name === undefined) {
    return [`startsWith(${column}, {before: String})`, { before: `${before}${namespace}/` }];
  }
  return [`${column} = {whole: String}`, { whole: `${before}${namespace}/${name}` }];
}

function common({ sinceMs, limit }: UsageScope): { readonly since: string; readonly limit: number } {
  return { since: String(sinceMs), limit };
}

function callsWhere(kind: AgentKind, { namespace, name }: UsageScope): readonly [string, object] {
  const conditions = ['agent_kind = {kind: String}'];
  if (namespace !== undefined) conditions.push('namespace = {namespace: String}');
  if (name !== undefined) conditions.push('agent_name = {name: String}');
  return [conditions.join(' AND '), { kind, namespace, name }];
}

const present = (params: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));

/** Calls that have ended; a call whose record came twice is one. */
export function endedUsage(kind: AgentKind, scope: UsageScope): Statement {
  const [where, params] = callsWhere(kind, scope);
  const latency = "if(total_ms > 0 AND phase != 'Rejected', total_ms, NULL)";
  return {
    sql: `SELECT concat(namespace, '/', agent_name) AS whose, ${text('uniqExact(id)', 'invocations')},
${text(`uniqExactIf(id, ${failed})`, 'errors')},
${text(`round(quantile(0.5)(${latency}), 3)`, 'latency_p50_ms')},
${text(`round(quantile(0.99)(${latency}), 3)`, 'latency_p99_ms')}
FROM ${tables.byAgent} WHERE ${where} AND ${since('created_at')}
GROUP BY whose ORDER BY whose LIMIT {limit: UInt32}`,
    params: { ...common(scope), ...present(params) },
  };
}

/** Calls that run now, as far as was said. */
export function runningUsage(kind: AgentKind, scope: UsageScope): Statement {
  const [where, params] = callsWhere(kind, scope);
  return {
    sql: `SELECT concat(namespace, '/', agent_name) AS whose, ${text('uniqExact(id)', 'running')}
FROM ${tables.progress} WHERE ${where} AND open_until >= now64(3) AND phase IN ('Dispatched', 'Running')
AND (namespace, id) NOT IN (SELECT namespace, id FROM ${tables.byAgent} WHERE ${where}
AND event_time >= now64(3) - INTERVAL 2 DAY)
GROUP BY whose ORDER BY whose LIMIT {limit: UInt32}`,
    params: { limit: scope.limit, ...present(params) },
  };
}

const ofModels = [
  text('sum(InputTokens)', 'input_tokens'),
  text('sum(OutputTokens)', 'output_tokens'),
  text('sum(CostUsd)', 'cost_usd'),
].join(', ');

/** What agents sent. */
export function agentEgress(kind: AgentKind, scope: UsageScope): Statement {
  const [where, params] = named('Agent', `${kind}/`, scope);
  return {
    sql: `SELECT substring(Agent, ${kind.length + 2}) AS whose, ${ofModels},
${text("sumIf(RecordCount, McpMethod = 'tools/call')", 'tool_calls')}
FROM ${tables.traces} WHERE ${where} AND ${since('Timestamp')} AND ${exchange}
GROUP BY whose ORDER BY whose LIMIT {limit: UInt32}`,
    params: { ...common(scope), ...params },
  };
}

const ofRequests = [
  text('sum(RecordCount)', 'requests'),
  text('sumIf(RecordCount, HttpStatus >= 200 AND HttpStatus < 300)', 'status_2xx'),
  text('sumIf(RecordCount, HttpStatus >= 400 AND HttpStatus < 500)', 'status_4xx'),
  text('sumIf(RecordCount, HttpStatus >= 500)', 'status_5xx'),
  text("sumIf(RecordCount, Decision = 'deny')", 'denied'),
  ofModels,
].join(', ');

/** What went through gateways; `byRoute`: told apart by the route that opened it. */
export function gatewayUsage(scope: UsageScope, byRoute: boolean): Statement {
  const [where, params] = named('EGRef', '', scope);
  const keys = byRoute ? 'whose, route' : 'whose';
  const route = byRoute ? ', DecisionRoute AS route' : '';
  return {
    sql: `SELECT EGRef AS whose${route}, ${ofRequests}
FROM ${tables.traces} WHERE EGRef != '' AND ${where} AND ${since('Timestamp')} AND ${exchange}
${byRoute ? "AND DecisionRoute != ''" : ''}
GROUP BY ${keys} ORDER BY ${keys} LIMIT {limit: UInt32}`,
    params: { ...common(scope), ...params },
  };
}

/** What ran on the workers of pools. */
export function poolUsage(scope: UsageScope): Statement {
  const [where, params] = named('Pool', '', scope);
  return {
    sql: `SELECT Pool AS whose, ${text('count()', 'dispatches')},
${text("countIf(StatusCode = 'Error')", 'dispatch_errors')},
${text('round(quantile(0.5)(Duration / 1e6), 3)', 'dispatch_latency_p50_ms')},
${text('round(quantile(0.99)(Duration / 1e6), 3)', 'dispatch_latency_p99_ms')}
FROM ${tables.traces} WHERE Pool != '' AND ${where} AND ${since('Timestamp')} AND SpanName = 'sandbox.invoke'
GROUP BY whose ORDER BY whose LIMIT {limit: UInt32}`,
    params: { ...common(scope), ...params },
  };
}
