/** Random limits of calls; some share an account, as rules that name one policy do. */
import fc from 'fast-check';
import type { CallLimit, TokenRate } from '../../../../contract/index.ts';

/** What an account counts is written in one place, so all with one account are the same. */
const limits: readonly CallLimit[] = [
  { account: 'rate/d/slow', calls: 5, windowMs: 60_000, scope: 'PerAgent', policy: 'd/slow' },
  { account: 'rate/d/each', calls: 1, windowMs: 1_500, scope: 'PerExecution', policy: 'd/each' },
  { account: 'rate/d/all/AIProviderRoute/r', calls: 90, windowMs: 3_600_000, scope: 'PerRoute' },
  { account: 'rate/d/wide/gateway/d/g', calls: 7, windowMs: 2_000, scope: 'PerGateway' },
];

export const callLimit: fc.Arbitrary<CallLimit> = fc.constantFrom(...limits);

/** Of a rule; mostly none. */
export const ruleLimits: fc.Arbitrary<{ limits?: CallLimit[] }> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.subarray([...limits], { maxLength: 2 }).map((some) => ({ limits: some })) },
);

const rates: readonly TokenRate[] = [
  { account: 'rate/d/few', tokens: 500, windowMs: 60_000, scope: 'PerAgent', policy: 'd/few' },
  {
    account: 'rate/d/many/gateway/d/g',
    tokens: 9_000,
    windowMs: 1_500,
    scope: 'PerGateway',
    policy: 'd/many',
  },
];

/** Of a rule; mostly none. */
export const ruleTokenRates: fc.Arbitrary<{ tokenRates?: TokenRate[] }> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.subarray([...rates], { minLength: 1 }).map((some) => ({ tokenRates: some })) },
);
