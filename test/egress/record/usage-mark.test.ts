/** A record never lets an absent count pass for zero. */
import { expect, test } from 'vitest';
import { computeUsageMark } from '../../../egress/record/usage-mark.ts';

const inference = {
  ai: { operation: 'chat' },
  facts: {},
  status: 200,
  decision: 'allow' as const,
  error: undefined,
};

test.each([
  ['an answer without usage', inference, 'unknown'],
  [
    'counts of a whole answer',
    { ...inference, facts: { inputTokens: 1, usage: 'whole' as const } },
    undefined,
  ],
  [
    'more of the cache than went in',
    { ...inference, facts: { inputTokens: 5, cacheReadTokens: 9, usage: 'whole' as const } },
    'unknown',
  ],
  ['a count that is none', { ...inference, facts: { inputTokens: 5, miscounted: true } }, 'unknown'],
  ['more than any model takes', { ...inference, facts: { inputTokens: 2 ** 40 } }, 'unknown'],
  ['more thought than said', { ...inference, facts: { outputTokens: 1, reasoningTokens: 2 } }, 'unknown'],
  ['counts so far', { ...inference, facts: { inputTokens: 1, usage: 'partial' as const } }, 'partial'],
  ['an answer that broke off before its usage', { ...inference, error: 'UPSTREAM_CLOSED' }, 'unknown'],
  ['an error of the provider', { ...inference, status: 429 }, undefined],
  ['a refusal', { ...inference, decision: 'deny' as const, status: 403 }, undefined],
  ['no answer', { ...inference, status: undefined, error: 'UPSTREAM_UNREACHABLE' }, undefined],
  ['a call that is no inference', { ...inference, ai: { operation: undefined } }, undefined],
  ['a host of no provider', { ...inference, ai: undefined }, undefined],
])('%s', (_title, exchange, mark) => {
  expect(computeUsageMark(exchange)).toBe(mark);
});
