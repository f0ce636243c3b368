/** Spans as the store keeps them: exchanges of agents and runs on workers. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Store } from '../../../telemetry/store/store.ts';

export interface ExchangeFixture {
  readonly namespace: string;
  readonly agent?: string;
  readonly kind?: 'TaskAgent' | 'DaemonAgent';
  readonly gateway?: string;
  readonly at?: Date;
  readonly durationMs?: number;
  /** Besides those every exchange has. */
  readonly attributes?: Readonly<Record<string, string>>;
}

const render = (at: Date): string => at.toISOString().replace('T', ' ').replace('Z', '000000');

function exchangeRow(given: ExchangeFixture): object {
  const { namespace, agent = 'hello', kind = 'TaskAgent', gateway = 'main', at = new Date() } = given;
  return {
    Timestamp: render(at),
    TraceId: randomBytes(16).toString('hex'),
    SpanId: randomBytes(8).toString('hex'),
    SpanName: 'POST api',
    Duration: String((given.durationMs ?? 100) * 1e6),
    StatusCode: 'Unset',
    SpanAttributes: {
      'clrk.component': 'egress',
      'agent.kind': kind,
      'agent.namespace': namespace,
      'agent.name': agent,
      'http.request.method': 'POST',
      'http.response.status_code': '200',
      'clrk.decision': 'allow',
      ...given.attributes,
    },
    ResourceAttributes: { 'clrk.egress_gateway': `${namespace}/${gateway}` },
  };
}

export function runRow(namespace: string, pool: string, durationMs: number, failed = false): object {
  return {
    Timestamp: render(new Date()),
    TraceId: randomBytes(16).toString('hex'),
    SpanId: randomBytes(8).toString('hex'),
    SpanName: 'sandbox.invoke',
    Duration: String(durationMs * 1e6),
    StatusCode: failed ? 'Error' : 'Unset',
    SpanAttributes: { 'clrk.component': 'worker' },
    ResourceAttributes: { 'clrk.worker.pool': `${namespace}/${pool}` },
  };
}

async function keep(store: Store, table: string, rows: readonly object[]): Promise<void> {
  const body = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await store.insert({ table, body, token: randomUUID() });
}

export async function keepExchanges(store: Store, ...exchanges: readonly ExchangeFixture[]): Promise<void> {
  await keep(store, 'otel_traces', exchanges.map(exchangeRow));
}

export async function keepRuns(store: Store, ...rows: readonly object[]): Promise<void> {
  await keep(store, 'otel_traces', rows);
}

export async function keepLog(store: Store, namespace: string, severity: string): Promise<void> {
  const attributes = { 'agent.kind': 'TaskAgent', 'agent.namespace': namespace, 'agent.name': 'hello' };
  const row = { Timestamp: render(new Date()), Body: 'x', SeverityText: severity, LogAttributes: attributes };
  await keep(store, 'otel_logs', [{ ...row, ResourceAttributes: {} }]);
}

export function model(input: number, output: number, cost: string, name = 'gpt'): Record<string, string> {
  return {
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': name,
    'gen_ai.usage.input_tokens': String(input),
    'gen_ai.usage.output_tokens': String(output),
    'clrk.cost.usd': cost,
    'clrk.decision.route': 'AIProviderRoute/team-a/models',
    'clrk.req.bytes': '10',
    'clrk.resp.bytes': '32',
  };
}
