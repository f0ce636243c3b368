/** How one field of the matrix is found out: what came of a case at the agent, the provider and the record. */
import { calcPrice } from '@pydantic/genai-prices';
import { expect } from 'vitest';
import type { Exchange } from '../../examples/provider/index.ts';
import type { SeenRecord } from '../egress/gateway-bed.ts';
import { apis, type Api } from './apis.ts';
import type { Case } from './cases.ts';
import { isTranslated, type Pair } from './gateway-policy.ts';
import type { SdkBed } from './sdk-bed.ts';
import type { SdkClient } from './sdk-client.ts';

/** US dollars by the price table, from what the stand-in told. */
function priceOf({ told }: Exchange, api: Api): number | undefined {
  const { provider, model } = apis[api];
  if (told === undefined) return undefined;
  const ids: Readonly<Record<string, string>> = { bedrock: 'aws', 'azure-openai': 'azure' };
  const cached = { cache_read_tokens: told.cached, cache_write_tokens: told.written };
  const hours = told.hour === 0 ? {} : { cache_write_1h_tokens: told.hour };
  const usage = { input_tokens: told.input, output_tokens: told.output, ...cached, ...hours };
  return calcPrice(usage, model, { providerId: ids[provider] ?? provider })?.total_price;
}

/** Every call's record has the usage and the price of what the stand-in told of it. */
function checkRecord(record: SeenRecord, exchange: Exchange, { upstream }: Pair): void {
  const { attributes } = record;
  expect(attributes['clrk.decision']).toBe('allow');
  const { told } = exchange;
  if (told === undefined || exchange.status !== 200 || exchange.end !== 'whole') return;
  expect(attributes).toMatchObject({
    'gen_ai.usage.input_tokens': told.input,
    'gen_ai.usage.output_tokens': told.output,
  });
  expect(attributes['clrk.usage']).toBeUndefined();
  const price = priceOf(exchange, upstream);
  expect(price).toBeGreaterThan(0);
  expect(attributes['clrk.cost.usd']).toBeCloseTo(price ?? Number.NaN, 12);
}

/** What the SDK told may be known before the provider's end of it is. */
const settleMs = 5_000;

async function until(condition: () => boolean, seen: () => string): Promise<void> {
  const end = Date.now() + settleMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`it never came to its end: ${seen()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Throws what is wrong. */
export async function runCase(bed: SdkBed, client: SdkClient, pair: Pair, each: Case): Promise<void> {
  const { gateway, provider } = bed;
  const before = provider.received().length;
  gateway.records.length = 0;
  const result = await client.ask({
    ...(each.elsewise?.(pair) ?? each.ask),
    model: apis[pair.client].model,
  });
  const exchanges = (): readonly Exchange[] => provider.received().slice(before);
  const isOver = (): boolean =>
    exchanges().length >= each.calls &&
    exchanges().every(({ end }) => end !== 'pending') &&
    gateway.records.length >= each.calls;
  await until(isOver, () =>
    JSON.stringify({ result, exchanges: exchanges(), records: gateway.records.length }),
  );
  const seen = { result, exchanges: exchanges(), records: gateway.records };
  each.check(seen);
  expect(seen.exchanges).toHaveLength(each.calls);
  expect(seen.records).toHaveLength(each.calls);
  for (const [index, exchange] of seen.exchanges.entries()) {
    expect(JSON.stringify(exchange.headers)).not.toContain('placeholder');
    checkRecord(seen.records[index]!, exchange, pair);
  }
  if (isTranslated(pair))
    expect(new Set(seen.exchanges.map(({ host }) => host))).toEqual(new Set([apis[pair.upstream].host]));
}
