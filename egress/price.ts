/** What a call cost, from the bundled price table. Apart so that the price source can change in one place. */
import { calcPrice, type Provider } from '@pydantic/genai-prices';
import { FairCache, nanoUsdOf, type NanoUsd } from '../contract/index.ts';
import { credibleCounts, type Facts, type TokenCounts } from './providers/index.ts';

type Usage = Parameters<typeof calcPrice>[0];

/** The price of one call from its usage. */
type PriceOf = (usage: Usage) => number | undefined;

const million = 1_000_000;
/** The kinds of tokens a PriceList asks for, but for writes kept an hour. */
const countedKinds = ['input_mtok', 'output_mtok', 'cache_read_mtok', 'cache_write_mtok'];

/** Of one model. */
interface ModelPrice {
  /** What text costs. */
  readonly of: PriceOf;
  /** The dearest of what it reads, and of what it says, by kinds that have prices of their own: sound, pictures. */
  readonly dearest: readonly PriceOf[];
}

/** Kinds of tokens a model may have a price for, other than text. */
const kindsOf = {
  input: ['input_audio', 'input_image', 'input_video'],
  output: ['output_audio', 'output_image', 'output_video'],
} as const;

function ownKinds(prices: object, side: keyof typeof kindsOf): readonly string[] {
  return kindsOf[side]
    .filter((kind) => Object.hasOwn(prices, `${kind}_mtok`))
    .map((kind) => `${kind}_tokens`);
}

/** Everything it reads of one kind, and everything it says. */
function dearestPrices(exact: PriceOf, prices: object): readonly PriceOf[] {
  const [inputs, outputs] = [ownKinds(prices, 'input'), ownKinds(prices, 'output')];
  const all = [undefined, ...inputs].flatMap((input) =>
    [undefined, ...outputs].map((output) => ({ input, output })),
  );
  return all
    .filter(({ input, output }) => input !== undefined || output !== undefined)
    .map(
      ({ input, output }): PriceOf =>
        (usage) =>
          exact({
            ...usage,
            ...(input === undefined ? {} : { [input]: usage['input_tokens'] ?? 0 }),
            ...(output === undefined ? {} : { [output]: usage['output_tokens'] ?? 0 }),
          }),
    );
}

/** The prices of a model; undefined: it is not in the table. */
function createPrice(priceId: string, model: string): ModelPrice | undefined {
  const usage = { input_tokens: million, output_tokens: million };
  const result = calcPrice(usage, model, { providerId: priceId });
  if (result === null) return undefined;
  const provider: Provider = { ...result.provider, models: [result.model] };
  const exact: PriceOf = (of) => calcPrice(of, model, { provider })?.total_price;
  const isFlat = countedKinds.every((kind) => typeof (result.model_price[kind] ?? 0) === 'number');
  const usual = isFlat ? flatPrice(exact) : exact;
  const knowsHours = result.model_price['cache_write_1h_mtok'] !== undefined;
  const price: PriceOf = (of) => {
    if (of['cache_write_1h_tokens'] === undefined) return usual(of);
    return knowsHours ? exact(of) : undefined;
  };
  return { of: price, dearest: dearestPrices(exact, result.model_price) };
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

/** What the table's prices are for; batches, flexible and priority service cost otherwise. */
const usualTiers = new Set(['default', 'standard', 'auto', 'on_demand']);

function isPriced({ usage, surcharged, serviceTier, inputTokens }: Facts): boolean {
  const isUsual = serviceTier === undefined || usualTiers.has(serviceTier.toLowerCase());
  return inputTokens !== undefined && usage !== 'partial' && surcharged !== true && isUsual;
}

function usageOf(counts: TokenCounts): Usage {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens, cacheCreationTokens } = counts;
  const hours = counts.cacheCreationHourTokens ?? 0;
  const written = cacheCreationTokens ?? hours;
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    ...(cacheReadTokens === undefined ? {} : { cache_read_tokens: cacheReadTokens }),
    ...(cacheCreationTokens === undefined ? {} : { cache_write_tokens: written }),
    ...(hours === 0 ? {} : { cache_write_tokens: written, cache_write_1h_tokens: hours }),
  };
}

/** Prices found so far: one of a Snapshot, because finding a model walks the whole table (90 us). */
export class PriceList {
  /** By provider and model. Kept an hour, because prices have start dates; `false` when there is none. */
  readonly #known = new FairCache<ModelPrice | false>({ max: 1000, ttlMs: 60 * 60 * 1000 });

  /** US dollars; undefined when usage or price are not known in full: never a guess. `agentId`: whose call it was. */
  costOf(priceId: string, facts: Facts, agentId: string): number | undefined {
    const model = facts.responseModel ?? facts.model;
    const counts = credibleCounts(facts);
    if (model === undefined || counts === undefined || !isPriced(facts)) return undefined;
    try {
      const price = this.#find(priceId, model, agentId);
      return price === false ? undefined : price.of(usageOf(counts));
    } catch {
      return undefined;
    }
  }

  /**
   * The most that a call costs which reads and writes so many tokens, whatever of it is kept; undefined: its price is not known. It is
   * one at the usual tier: what else a call may cost, only its answer tells.
   */
  boundOf(
    {
      priceId,
      model,
      agentId,
    }: { readonly priceId: string; readonly model: string; readonly agentId: string },
    { input, output }: { readonly input: number; readonly output: number },
  ): NanoUsd | undefined {
    const plain = { input_tokens: input, output_tokens: output };
    const kept = { ...plain, cache_write_tokens: input };
    try {
      const price = this.#find(priceId, model, agentId);
      if (price === false) return undefined;
      const usual = [plain, kept].map((usage) => price.of(usage));
      // Absent where the model has no such price, and then no call has.
      const hour = input === 0 ? undefined : price.of({ ...kept, cache_write_1h_tokens: input });
      const others = price.dearest.map((of) => of(plain));
      if (usual.includes(undefined) || others.includes(undefined)) return undefined;
      return nanoUsdOf(Math.max(...[...usual, hour, ...others].filter((cost) => cost !== undefined)));
    } catch {
      return undefined;
    }
  }

  /** Whether its price need not be looked for. */
  knows(priceId: string, model: string): boolean {
    return this.#known.get(`${priceId} ${model}`) !== undefined;
  }

  #find(priceId: string, model: string, agentId: string): ModelPrice | false {
    const key = `${priceId} ${model}`;
    let price = this.#known.get(key);
    if (price === undefined) {
      price = createPrice(priceId, model) ?? false;
      this.#known.set(agentId, key, price);
    }
    return price;
  }
}
