/** The RateLimit fields of an answer: what stands in them, and that no name or number makes them unreadable. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NanoUsd } from '../../contract/index.ts';
import { renderLimits, type LimitState, type ToldLimit } from '../../decision/index.ts';

const day: ToldLimit = { period: 'day', account: 'ref/ns/team', tokens: 2_000_000 };
const money: ToldLimit = { period: 'execution', account: 'a', nanoUsd: 500_000_000 as NanoUsd };
const calls: ToldLimit = { account: 'b', calls: 60, windowMs: 60_000, scope: 'PerAgent', policy: 'ns/slow' };
const tokens: ToldLimit = {
  ...{ account: 'c', tokens: 900, windowMs: 1_500, scope: 'PerGateway', policy: 'ns/busy', period: 'window' },
};
const tools: ToldLimit = { account: 'd', calls: 9, scope: 'PerExecution' };
const at = (limit: ToldLimit, left?: number, seconds?: number): LimitState => ({ limit, left, seconds });

describe('the fields of limits', () => {
  test.each<[string, LimitState[], string[]]>([
    ['none', [], []],
    [
      'a budget a day',
      [at(day, 1_999_000, 3_600)],
      [
        'RateLimit-Policy: "clrk-budget-tokens-day";q=2000000;qu="tokens";w=86400',
        'RateLimit: "clrk-budget-tokens-day";r=1999000;t=3600',
      ],
    ],
    [
      'money an execution, which never comes back',
      [at(money, 250_000_000)],
      [
        'RateLimit-Policy: "clrk-budget-cost-execution";q=500000000;qu="nano-usd"',
        'RateLimit: "clrk-budget-cost-execution";r=250000000',
      ],
    ],
    [
      'limits of policies, in the order they hold',
      [at(calls, 59, 12), at(tokens, 0, 2), at(tools, 3)],
      [
        'RateLimit-Policy: "clrk-ns/slow";q=60;w=60, "clrk-ns/busy";q=900;qu="tokens";w=2, "clrk-calls";q=9',
        'RateLimit: "clrk-ns/slow";r=59;t=12, "clrk-ns/busy";r=0;t=2, "clrk-calls";r=3',
      ],
    ],
    ['what nobody asked for yet is not told', [at(calls)], ['RateLimit-Policy: "clrk-ns/slow";q=60;w=60']],
    [
      'of two with one name the tighter, and no account',
      [at(day, 100, 5), at({ ...day, account: 'other', tokens: 50 }, 40, 5)],
      [
        'RateLimit-Policy: "clrk-budget-tokens-day";q=2000000;qu="tokens";w=86400',
        'RateLimit: "clrk-budget-tokens-day";r=100;t=5',
      ],
    ],
  ])('%s', (_title, states, expected) => {
    expect(renderLimits(states).map(([name, value]) => `${name}: ${value}`)).toEqual(expected);
  });

  test('of many the tightest eight', () => {
    const many = Array.from({ length: 30 }, (_, n) => at({ ...calls, policy: `ns/p${n}` }, n, 1));
    const [, left] = renderLimits(many);
    expect(left?.[1].match(/r=\d+/g)).toEqual(['r=0', 'r=1', 'r=2', 'r=3', 'r=4', 'r=5', 'r=6', 'r=7']);
  });

  test('S7: whatever a policy is called and however large a count is, it is a list of structured fields', () => {
    const limit = fc.record({
      policy: fc.string({ unit: 'binary', maxLength: 40 }),
      calls: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      windowMs: fc.option(fc.integer({ min: 1, max: 86_400_000 }), { nil: undefined }),
    });
    const left = fc.option(fc.integer({ min: -5, max: Number.MAX_SAFE_INTEGER }), { nil: undefined });
    const item = /^"[ !#-[\]-~]*"(?:;(?:q|r|w|t)=\d{1,15}|;qu="[a-z-]+")+$/;
    fc.assert(
      fc.property(fc.array(fc.tuple(limit, left), { maxLength: 10 }), (all) => {
        const states = all.map(([{ windowMs, ...of }, r]) => {
          const window = windowMs === undefined ? {} : { windowMs };
          return at({ account: 'a', scope: 'PerAgent', ...of, ...window }, r, 1);
        });
        for (const [, value] of renderLimits(states)) {
          for (const each of value.split(/, (?=")/)) expect(each).toMatch(item);
        }
      }),
    );
  });
});
