import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  answered,
  asked,
  computeUse,
  failed,
  noToken,
  refusedThere,
  type TokenState,
} from '../../../egress/token/token-state.ts';

const fault = { code: 'Refused', message: 'no' };
const hour = 3_600_000;

describe('a token', () => {
  test('is asked for once, whoever waits', () => {
    expect(computeUse(noToken, 0)).toEqual({ kind: 'wait', ask: true });
    expect(computeUse(asked(noToken), 0)).toEqual({ kind: 'wait', ask: false });
  });

  test.each([
    ['given out while it lives', hour, hour - 10_001, 'token'],
    ['not in the seconds before its end', hour, hour - 9_999, 'wait'],
    ['of a short life nearly to its end', 20_000, 17_999, 'token'],
    ['of a short life not to its end', 20_000, 18_001, 'wait'],
    ['of days asked about again within half a day', 100 * hour, 12 * hour, 'wait'],
  ])('is %s', (_title, life, at, kind) => {
    expect(computeUse(answered('t', life, 0), at).kind).toBe(kind);
  });

  test.each([
    [hour, hour - 5 * 60_000 - 1, false],
    [hour, hour - 5 * 60_000, true],
    [60_000, 47_999, false],
    [60_000, 48_000, true],
  ])('of %i ms is at %i ms renewed ahead: %s', (life, at, ask) => {
    expect(computeUse(answered('t', life, 0), at)).toEqual({ kind: 'token', token: 't', ask });
  });

  test('is given out while its renewal fails', () => {
    const state = failed(asked(answered('t', hour, 0)), fault, hour - 60_000);
    expect(computeUse(state, hour - 59_999)).toEqual({ kind: 'token', token: 't', ask: false });
    expect(computeUse(state, hour - 59_000)).toEqual({ kind: 'token', token: 't', ask: true });
  });

  test.each([
    ['the first failure, a second', [fault], 1_000],
    ['the third, four', [fault, fault, fault], 4_000],
    ['the tenth, a minute', Array.from({ length: 10 }, () => fault), 60_000],
    ['as long as the server asks for', [{ ...fault, waitMs: 90_000 }], 90_000],
    ['no longer than five minutes, whatever it asks for', [{ ...fault, waitMs: 1e12 }], 300_000],
  ])('pauses after %s', (_title, faults, pause) => {
    const state = faults.reduce((before, each) => failed(asked(before), each, 0), noToken);
    expect(computeUse(state, pause - 1)).toMatchObject({ kind: 'fail', fault: faults[0], retryMs: 1 });
    expect(computeUse(state, pause)).toEqual({ kind: 'wait', ask: true });
  });

  test('that its server refused is given up, once it has lived a little, and no other is', () => {
    const state = answered('t', hour, 0);
    expect(computeUse(refusedThere(state, 't', 29_999), 29_999).kind).toBe('token');
    expect(computeUse(refusedThere(state, 'older', 60_000), 60_000).kind).toBe('token');
    expect(computeUse(refusedThere(state, 't', 60_000), 60_000)).toEqual({ kind: 'wait', ask: true });
  });
});

type Step = { readonly wait: number } & (
  | { readonly do: 'use' }
  | { readonly do: 'answer'; readonly life: number }
  | { readonly do: 'fail'; readonly waitMs: number }
  | { readonly do: 'refuse' }
);

const step: fc.Arbitrary<Step> = fc
  .tuple(
    fc.integer({ min: 0, max: 400_000 }),
    fc.oneof(
      fc.constant({ do: 'use' as const }),
      fc.integer({ min: 1, max: 4 * hour }).map((life) => ({ do: 'answer' as const, life })),
      fc.integer({ min: 0, max: 1e9 }).map((waitMs) => ({ do: 'fail' as const, waitMs })),
      fc.constant({ do: 'refuse' as const }),
    ),
  )
  .map(([wait, what]) => ({ wait, ...what }));

test('over any course of things: one question at a time, none before its pause, no token past its end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state: TokenState = noToken;
      let now = 0;
      let question: number | undefined;
      let ends = new Map<string, number>();
      let failedAt = -Infinity;
      for (const each of steps) {
        now += each.wait;
        switch (each.do) {
          case 'use': {
            const use = computeUse(state, now);
            if (use.kind === 'token') expect(now).toBeLessThan(ends.get(use.token) ?? -1);
            if (use.kind === 'fail') expect(use.retryMs).toBeGreaterThan(0);
            // Whoever waits is told in the end.
            if (use.kind === 'wait') expect(use.ask || question !== undefined).toBe(true);
            if (use.kind !== 'fail' && use.ask) {
              expect(question).toBeUndefined();
              expect(now - failedAt).toBeGreaterThanOrEqual(1_000);
              question = now;
              state = asked(state);
            }
            break;
          }
          case 'answer':
            if (question === undefined) break;
            ends = new Map([[`t${question}`, question + each.life]]);
            state = answered(`t${question}`, each.life, question);
            question = undefined;
            failedAt = -Infinity;
            break;
          case 'fail':
            if (question === undefined) break;
            state = failed(state, { ...fault, waitMs: each.waitMs }, now);
            question = undefined;
            failedAt = now;
            break;
          case 'refuse':
            state = refusedThere(state, state.held?.token ?? '', now);
            break;
        }
      }
    }),
    { numRuns: 500 },
  );
});
