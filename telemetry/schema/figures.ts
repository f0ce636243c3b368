/**
 * What figures are made of, as columns of their own beside the attributes they come from: counts, cost and names of a span. Sums
 * over a day read these few bytes a row and no attribute. Rows from before have them as well: the engine makes them when it
 * reads.
 */
import { tables } from './tables.ts';

const attribute = (key: string): string => `SpanAttributes['${key}']`;

const columns: Readonly<Record<string, string>> = {
  HttpMethod: `LowCardinality(String) MATERIALIZED ${attribute('http.request.method')}`,
  HttpStatus: `UInt16 MATERIALIZED toUInt16OrZero(${attribute('http.response.status_code')})`,
  RequestBytes: `UInt64 MATERIALIZED toUInt64OrZero(${attribute('clrk.req.bytes')})`,
  ResponseBytes: `UInt64 MATERIALIZED toUInt64OrZero(${attribute('clrk.resp.bytes')})`,
  Decision: `LowCardinality(String) MATERIALIZED ${attribute('clrk.decision')}`,
  DenyReason: `LowCardinality(String) MATERIALIZED ${attribute('clrk.egress.deny_reason')}`,
  DecisionRoute: `LowCardinality(String) MATERIALIZED ${attribute('clrk.decision.route')}`,
  ErrorType: `LowCardinality(String) MATERIALIZED ${attribute('error.type')}`,
  /** One record may stand for many refusals. */
  RecordCount: `UInt64 MATERIALIZED greatest(1, toUInt64OrZero(${attribute('clrk.record.count')}))`,
  Provider: `LowCardinality(String) MATERIALIZED ${attribute('gen_ai.provider.name')}`,
  Model: `LowCardinality(String) MATERIALIZED if(${attribute('gen_ai.response.model')} != '', ${attribute('gen_ai.response.model')}, ${attribute('gen_ai.request.model')})`,
  InputTokens: `UInt64 MATERIALIZED toUInt64OrZero(${attribute('gen_ai.usage.input_tokens')})`,
  OutputTokens: `UInt64 MATERIALIZED toUInt64OrZero(${attribute('gen_ai.usage.output_tokens')})`,
  /** A sum of binary fractions would not be the sum of the prices. */
  CostUsd: `Decimal(18, 9) MATERIALIZED toDecimal64OrZero(${attribute('clrk.cost.usd')}, 9)`,
  McpMethod: `LowCardinality(String) MATERIALIZED ${attribute('mcp.method')}`,
  McpTool: `LowCardinality(String) MATERIALIZED ${attribute('mcp.tool.name')}`,
  Pool: `LowCardinality(String) MATERIALIZED ResourceAttributes['clrk.worker.pool']`,
};

const additions = Object.entries(columns).map(
  ([name, column]) => `ADD COLUMN IF NOT EXISTS ${name} ${column}`,
);

/** One change, which touches no row. */
export const addFigures = `ALTER TABLE ${tables.traces} ${additions.join(',\n')}`;
