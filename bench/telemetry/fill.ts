/**
 * A store as a busy installation leaves it, made inside ClickHouse from numbers: calls over twelve weeks, spans over the
 * last week, few namespaces and agents with most of both. Spans are made for a twentieth and attached twenty times (parts are
 * linked, not written again): a trace is then in twenty places instead of one, which is slower than life.
 */
import type { Store } from '../../telemetry/store/store.ts';
import { tables } from '../../telemetry/schema/tables.ts';

export interface Size {
  readonly calls: number;
  readonly spans: number;
}

const chunkRows = 250_000;
const copies = 20;
const bounds = `SETTINGS max_threads = 2, max_insert_threads = 1, max_memory_usage = 1500000000,
  min_insert_block_size_bytes = 134217728, async_insert = 0`;

/** Of 200 namespaces and 50 agents in each, by powers: the first has about a tenth of all. */
const who = `cityHash64(n, 1) AS h, concat('ns-', toString(toUInt32(pow(200, (h % 10000) / 10000)))) AS ns,
  concat('agent-', toString(toUInt32(pow(50, (intDiv(h, 10000) % 10000) / 10000)))) AS agent`;
/** Of a call's number. */
const callId = `reinterpret(bitShiftLeft(toUInt128(cityHash64(call, 3)), 64) + cityHash64(call, 4), 'UUID')`;
const phase = `multiIf(h % 1000 < 950, 'Succeeded', h % 1000 < 985, 'Failed', h % 1000 < 986, 'Timeout', 'Rejected')`;

const columns = `namespace, agent_kind, agent_name, id, phase, reason, created_at, event_time, deadline, trace_id, stream_seq, object`;

function object(phaseOf: string): string {
  return `concat('{"apiVersion":"telemetry.clrk.apoxy.dev/v1alpha1","kind":"Invocation","metadata":{"name":"', toString(id),
'","uid":"', toString(id), '","namespace":"', ns, '","creationTimestamp":"2026-11-01T00:00:00Z"},"spec":{"parentRef":{"kind":"TaskAgent","name":"',
agent, '","uid":"b1"},"trigger":{"type":"HTTP","source":""},"identity":{"audiences":[]}},"status":{"phase":"', ${phaseOf},
'","revision":"', agent, '-00001","worker":"worker-1","totalMs":', toString(h % 60000),
',"phasesMs":{"queue":0.1,"slot":0.3,"rootfs":1.2,"create":40.1,"start":12.2,"deliver":1.2,"firstByte":220.1,"respond":2}}}')`;
}

/** The newest fiftieth, as they come at fifty a second, and those before them, over twelve weeks. */
const recentOf = (total: number): number => Math.ceil(total / 50);
function madeAt(total: number): string {
  const spacingMs = Math.max(1, Math.floor((84 * 24 * 3600 * 1000) / total));
  const recent = recentOf(total);
  const agoMs = `least(${total} - n, ${recent}) * 20 + greatest(${total - recent} - n, 0) * ${spacingMs}`;
  return `now64(3, 'UTC') - toIntervalMillisecond(${agoMs})`;
}

function callsSql(from: number, to: number, total: number): string {
  return `INSERT INTO ${tables.invocations} (${columns})
WITH number AS n, number AS call, ${who}, ${callId} AS id,
  ${madeAt(total)} AS made, ${phase} AS p
SELECT ns, 'TaskAgent', agent, id, p, if(p = 'Failed', 'NonZeroExit', ''), made, made + toIntervalMillisecond(h % 60000),
  made + INTERVAL 5 MINUTE, lower(hex(cityHash64(call, 5))), n, ${object('p')}
FROM numbers(${from}, ${to - from}) ${bounds}`;
}

/** What was said before they ended of calls: of which, and when they were made. */
function progressSql(call: string, made: string, from: number, count: number): string {
  return `INSERT INTO ${tables.progress} (${columns})
WITH number AS n, ${call} AS call, ${who}, ${callId} AS id, ${made} AS made
SELECT ns, 'TaskAgent', agent, id, said, '', made, made, made + INTERVAL 5 MINUTE, '', n * 2, ${object('said')}
FROM numbers(${from}, ${count}) ARRAY JOIN ['Dispatched', 'Running'] AS said ${bounds}`;
}

/** What is open now, and how many calls were lost in one second. */
const openCalls = 2_000;
const lostCalls = 500;
const deadlineMs = 5 * 60_000;

async function fillProgress(store: Store, calls: number): Promise<number> {
  const recent = recentOf(calls);
  await store.command(progressSql('n', madeAt(calls), calls - recent, recent));
  await store.command(
    progressSql(`n + ${calls}`, `now64(3, 'UTC') - toIntervalMillisecond(n % 60000)`, 0, openCalls),
  );
  const lostMs = Date.now() - 40 * 60_000;
  await store.command(
    progressSql(`n + ${calls + openCalls}`, `fromUnixTimestamp64Milli(${lostMs} + n, 'UTC')`, 0, lostCalls),
  );
  return lostMs + deadlineMs;
}

function spansSql(table: string, from: number, to: number, total: number): string {
  const spacingUs = Math.max(1, Math.floor((6 * 24 * 3600 * 1e6) / total));
  return `INSERT INTO ${table} (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, Duration,
  StatusCode, ResourceAttributes, SpanAttributes)
WITH intDiv(number, 5) AS n, n AS call, ${who}, ${callId} AS id, cityHash64(number, 9) AS s
SELECT now64(9, 'UTC') - toIntervalMicrosecond((${total} - number) * ${spacingUs}),
  concat(lower(hex(cityHash64(call, 5))), lower(hex(cityHash64(call, 6)))), lower(hex(s)), lower(hex(cityHash64(call, 8))),
  ['ingress.dispatch', 'sandbox.invoke', 'sandbox.create', 'POST', 'POST'][number % 5 + 1], 'Internal', 'clrk-egress',
  s % 2000000000, if(s % 50 = 0, 'Error', 'Unset'),
  map('service.name', 'clrk-egress', 'clrk.component', 'egress', 'k8s.namespace.name', ns),
  map('agent.kind', 'TaskAgent', 'agent.namespace', ns, 'agent.name', agent, 'invocation.id', toString(id),
    'http.request.method', 'POST', 'http.response.status_code', '200', 'server.address', 'api.openai.com', 'server.port', '443',
    'url.path', '/v1/chat/completions', 'gen_ai.system', 'openai', 'gen_ai.request.model', 'gpt-5-mini',
    'gen_ai.usage.input_tokens', toString(s % 20000), 'gen_ai.usage.output_tokens', toString(s % 900), 'clrk.decision', 'allow')
FROM numbers(${from}, ${to - from}) ${bounds}`;
}

async function inChunks(total: number, each: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < total; from += chunkRows) await each(from, Math.min(total, from + chunkRows));
}

async function attachCopies(store: Store, seed: string, seeded: number): Promise<void> {
  await store.command(`SYSTEM STOP MERGES ${tables.traces}`);
  await store.command(`OPTIMIZE TABLE ${seed} FINAL`);
  const parts = await store.query<{ id: string }>(
    `SELECT DISTINCT partition_id AS id FROM system.parts WHERE database = currentDatabase() AND table = '${seed}' AND active`,
  );
  for (let copy = 0; copy < seeded; copy++)
    for (const { id } of parts)
      await store.command(`ALTER TABLE ${tables.traces} ATTACH PARTITION ID '${id}' FROM ${seed}`);
  await store.command(`DROP TABLE ${seed}`);
}

export interface Filled {
  /** When the deadlines of calls began that nobody told the end of. */
  readonly lostAtMs: number;
}

export async function fill(
  store: Store,
  { calls, spans }: Size,
  say: (text: string) => void,
): Promise<Filled> {
  await inChunks(calls, async (from, to) => {
    await store.command(callsSql(from, to, calls));
    say(`calls ${to}`);
  });
  await store.command(
    `INSERT INTO ${tables.byAgent} (${columns}) SELECT ${columns} FROM ${tables.invocations} ${bounds}`,
  );
  say('calls by agent');
  const lostAtMs = await fillProgress(store, calls);
  const seed = 'bench_seed';
  await store.command(`CREATE TABLE ${seed} AS ${tables.traces}`);
  await inChunks(Math.ceil(spans / copies), async (from, to) => {
    await store.command(spansSql(seed, from, to, Math.ceil(spans / copies)));
    say(`spans ${to * copies}`);
  });
  await attachCopies(store, seed, copies);
  return { lostAtMs };
}
