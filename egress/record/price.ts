/** What a call cost, from the bundled price table. Apart so that the price source can change in one place. */
import { calcPrice, type Provider } from '@pydantic/genai-prices';
import { LRUCache } from 'lru-cache';
import type { Facts } from '../providers/index.ts';

/** Finding a model walks the whole table (90 us): the entry found is kept as a table of one, `false` when there is none. */
const entries = new LRUCache<string, Provider | false>({ max: 1000, ttl: 60 * 60 * 1000 });

type Usage = Parameters<typeof calcPrice>[0];

function price(priceId: string, model: string, usage: Usage): number | undefined {
  const key = `${priceId} ${model}`;
  const known = entries.get(key);
  if (known === false) return undefined;
  const result =
    known === undefined
      ? calcPrice(usage, model, { providerId: priceId })
      : calcPrice(usage, model, { provider: known });
  if (known === undefined) {
    entries.set(key, result === null ? false : { ...result.provider, models: [result.model] });
  }
  return result?.total_price;
}

/** US dollars; undefined when usage or price are not known: never a guess. */
export function computeCost(priceId: string, facts: Facts): number | undefined {
  const model = facts.responseModel ?? facts.model;
  if (model === undefined || facts.inputTokens === undefined) return undefined;
  const cached = (facts.cacheReadTokens ?? 0) + (facts.cacheCreationTokens ?? 0);
  const usage = {
    // The table wants totals; a provider that counts otherwise must not make it throw.
    input_tokens: Math.max(facts.inputTokens, cached),
    output_tokens: facts.outputTokens ?? 0,
    ...(facts.cacheReadTokens === undefined ? {} : { cache_read_tokens: facts.cacheReadTokens }),
    ...(facts.cacheCreationTokens === undefined ? {} : { cache_write_tokens: facts.cacheCreationTokens }),
  };
  try {
    return price(priceId, model, usage);
  } catch {
    return undefined;
  }
}
