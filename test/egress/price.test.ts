/** What a call cost against the price table asked directly: the short cut for flat prices must not be a cent off. */
import { calcPrice } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PriceList } from '../../egress/price.ts';

const prices = new PriceList();

// Flat prices, cached ones among them, and tiers that depend on the number of tokens.
const models = [
  ['openai', 'gpt-4o-mini-2024-07-18'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['anthropic', 'claude-opus-4-1'],
  ['google', 'gemini-2.5-pro'],
  ['google', 'gemini-2.0-flash'],
] as const;

const tokens = fc.integer({ min: 0, max: 2_000_000 });

test('property: the cost is what the table says, whatever the usage', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...models),
      tokens,
      tokens,
      tokens,
      tokens,
      ([id, model], plain, read, write, out) => {
        const input = plain + read + write;
        const usage = {
          input_tokens: input,
          output_tokens: out,
          cache_read_tokens: read,
          cache_write_tokens: write,
        };
        const facts = {
          model,
          inputTokens: input,
          outputTokens: out,
          cacheReadTokens: read,
          cacheCreationTokens: write,
        };
        const expected = calcPrice(usage, model, { providerId: id })?.total_price;
        expect(expected).toBeGreaterThanOrEqual(0);
        expect(prices.costOf(id, facts, 'a')).toBeCloseTo(expected ?? Number.NaN, 9);
      },
    ),
    { numRuns: 300 },
  );
});

test('a model that is not in the table, or unknown usage, has no cost rather than none', () => {
  expect(prices.costOf('openai', { model: 'no-such-model', inputTokens: 1 }, 'a')).toBeUndefined();
  expect(prices.costOf('openai', { model: 'gpt-4o' }, 'a')).toBeUndefined();
});

test('writes that are kept an hour have their own price, and no cost where the table has none', () => {
  const facts = { inputTokens: 1_000_000, cacheCreationTokens: 1_000_000, cacheCreationHourTokens: 400_000 };
  const haiku = 'claude-3-haiku-20240307';
  expect(prices.costOf('anthropic', { ...facts, model: haiku }, 'a')).toBeCloseTo(0.6 * 0.3 + 0.4 * 0.5, 9);
  expect(prices.costOf('openai', { ...facts, model: 'gpt-4o' }, 'a')).toBeUndefined();
});

test.each([
  ['part of the usage', { usage: 'partial' }],
  ['audio or paid tools', { surcharged: true }],
  ['another tier', { serviceTier: 'flex' }],
  ['a tier nobody knows yet', { serviceTier: 'turbo' }],
] as const)('%s has no cost: it would be a guess', (_title, change) => {
  const facts = { model: 'gpt-4o', inputTokens: 10, outputTokens: 1 };
  expect(prices.costOf('openai', { ...facts, serviceTier: 'default' }, 'a')).toBeGreaterThan(0);
  expect(prices.costOf('openai', { ...facts, ...change }, 'a')).toBeUndefined();
});

test('property: counts that contradict each other, or that no call uses, have no cost; others have one', () => {
  const count = fc.constantFrom(undefined, 0, 1, 10, 1_000_000, 2 ** 40);
  const counts = fc.record({
    ...{ inputTokens: fc.constantFrom(0, 1, 10, 1_000_000), outputTokens: count, reasoningTokens: count },
    ...{ cacheReadTokens: count, cacheCreationTokens: count, miscounted: fc.constantFrom(undefined, true) },
  });
  fc.assert(
    fc.property(counts, (drawn) => {
      const facts = Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined));
      const { inputTokens, outputTokens = Infinity, reasoningTokens = 0, miscounted } = drawn;
      const { cacheReadTokens: read = 0, cacheCreationTokens: written = 0 } = drawn;
      const isAbsurd = [outputTokens, reasoningTokens, read, written].some((each) => each === 2 ** 40);
      const holds = read + written <= inputTokens && reasoningTokens <= outputTokens;
      const cost = prices.costOf('anthropic', { ...facts, model: 'claude-sonnet-4-5' }, 'a');
      expect(cost !== undefined).toBe(!isAbsurd && holds && miscounted !== true);
      if (cost !== undefined) expect(cost).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['google', 'gemini-2.5-flash-image', { output_image_tokens: 1_290 }],
  ['google', 'gemini-3-pro-image-preview', { output_image_tokens: 1_290 }],
  ['google', 'gemini-2.5-flash', { input_audio_tokens: 1_000 }],
  ['google', 'gemini-live-2.5-flash-preview', { input_audio_tokens: 1_000, output_audio_tokens: 1_290 }],
])('S48: pictures and sound of %s %s cost no more than the bound', (priceId, model, kinds) => {
  const usage = { input_tokens: 1_000, output_tokens: 1_290, ...kinds };
  const cost = calcPrice(usage, model, { providerId: priceId })?.total_price ?? Number.NaN;
  const bound = prices.boundOf({ priceId, model, agentId: 'a' }, { input: 1_000, output: 1_290 });
  expect(bound).toBeGreaterThanOrEqual(Math.floor(cost * 1e9));
});
