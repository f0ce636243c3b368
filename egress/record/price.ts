/** What a call cost, from the bundled price table. Apart so that the price source can change in one place. */
import { calcPrice, type Provider } from '@pydantic/genai-prices';
import { LRUCache } from 'lru-cache';
import type { Facts } from '../providers/index.ts';

type Usage = Parameters<typeof calcPrice>[0];

/** The price of one call from its usage. */
type PriceOf = (usage: Usage) => number | undefined;

/**
 * By provider and model: finding a model walks the whole table (90 us). Kept an hour, because prices have start dates;
 * `false` when there is none.
 */
const known = new LRUCache<string, PriceOf | false>({ max: 1000, ttl: 60 * 60 * 1000 });

const million = 1_000_000;
/** The kinds of tokens computeCost tells. */
const countedKinds = ['input_mtok', 'output_mtok', 'cache_read_mtok', 'cache_write_mtok'];

/** The price function of a model; undefined: it is not in the table. */
function createPrice(priceId: string, model: string): PriceOf | undefined {
  const usage = { input_tokens: million, output_tokens: million };
  const result = calcPrice(usage, model, { providerId: priceId });
  if (result === null) return undefined;
  const provider: Provider = { ...result.provider, models: [result.model] };
  const exact: PriceOf = (of) => calcPrice(of, model, { provider })?.total_price;
  const isFlat = countedKinds.every((kind) => typeof (result.model_price[kind] ?? 0) === 'number');
  return isFlat ? flatPrice(exact) : exact;
}

/** Without tiers the price is linear in each count: four questions to the table answer all others. */
function flatPrice(exact: PriceOf): PriceOf {
  const input = exact({ input_tokens: million });
  const output = exact({ output_tokens: million });
  const read = exact({ input_tokens: million, cache_read_tokens: million });
  const write = exact({ input_tokens: million, cache_write_tokens: million });
  if (input === undefined || output === undefined || read === undefined || write === undefined) return exact;
  return (usage) => {
    const cacheRead = usage['cache_read_tokens'] ?? 0;
    const cacheWrite = usage['cache_write_tokens'] ?? 0;
    const plain = (usage['input_tokens'] ?? 0) - cacheRead - cacheWrite;
    const total =
      plain * input + cacheRead * read + cacheWrite * write + (usage['output_tokens'] ?? 0) * output;
    return total / million;
  };
}

function price(priceId: string, model: string, usage: Usage): number | undefined {
  const key = `${priceId} ${model}`;
  let priceOf = known.get(key);
  if (priceOf === undefined) {
    priceOf = createPrice(priceId, model) ?? false;
    known.set(key, priceOf);
  }
  return priceOf === false ? undefined : priceOf(usage);
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
