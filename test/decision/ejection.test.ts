/** A Backend's health, as what is seen of it follows one another. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  computeCalled,
  computeHealth,
  computeWait,
  healthy,
  standingOf,
  type Health,
  type HealthSign,
} from '../../decision/index.ts';

const isLeftOut = (health: Health, now: number): boolean => standingOf(health, now) !== 'in';
const seen = (health: Health, sign: HealthSign, now: number, maxEjectionMs = 300_000): Health =>
  computeHealth(computeCalled(health), sign, { now, maxEjectionMs });

function after(signs: readonly HealthSign[], now = 0, maxEjectionMs = 300_000): Health {
  return signs.reduce((health, sign) => seen(health, sign, now, maxEjectionMs), healthy);
}

const failed = (count: number): HealthSign[] => Array.from({ length: count }, () => 'failed');

test.each<[string, readonly HealthSign[], number]>([
  ['four failures are none', failed(4), 0],
  ['five in a row are', failed(5), 30_000],
  ['not with one that did well between', [...failed(4), 'well', ...failed(4)], 0],
  ['what could not tell is nothing', [...failed(4), 'unknown', 'failed'], 30_000],
])('%s', (_title, signs, until) => {
  expect(after(signs).outUntil).toBe(until);
});

test('it stays out longer each time, up to the maximum, and is new once it does well', () => {
  let health = after(failed(5));
  for (const stays of [60_000, 90_000, 100_000, 100_000]) {
    const now = health.outUntil;
    expect(isLeftOut(health, now - 1)).toBe(true);
    expect(isLeftOut(health, now)).toBe(false);
    health = seen(health, 'failed', now, 100_000);
    expect(health.outUntil - now).toBe(stays);
  }
  health = seen(health, 'well', health.outUntil);
  expect(health).toEqual(healthy);
});

test('a maximum below a step is the step', () => {
  expect(after(failed(5), 0, 5_000).outUntil).toBe(5_000);
});

test('after its time one call finds out, and the others wait for it', () => {
  const out = after(failed(5));
  const probed = computeCalled(out);
  expect(isLeftOut(probed, out.outUntil)).toBe(true);
  expect(
    isLeftOut(computeHealth(probed, 'unknown', { now: out.outUntil, maxEjectionMs: 1 }), out.outUntil),
  ).toBe(false);
});

test('what was sent before it was left out, and fails, changes nothing; what does well does', () => {
  const out = after(failed(5));
  expect(computeHealth(out, 'well', { now: 10, maxEjectionMs: 300_000 })).toEqual(healthy);
  for (const sign of ['failed', 'unknown'] as const) {
    const { isProbed: _probed, ...rest } = computeHealth(out, sign, { now: 10, maxEjectionMs: 300_000 });
    const { isProbed: _before, ...before } = out;
    expect(rest).toEqual(before);
  }
});

test('it is not called for as long as it asks, at most for the maximum', () => {
  const clock = { now: 1_000, maxEjectionMs: 5_000 };
  expect(isLeftOut(computeWait(healthy, 2_000, clock), 2_999)).toBe(true);
  expect(isLeftOut(computeWait(healthy, 2_000, clock), 3_000)).toBe(false);
  expect(isLeftOut(computeWait(healthy, 1e12, clock), 6_000)).toBe(false);
  // Doing well in another call does not take it back.
  expect(isLeftOut(seen(computeWait(healthy, 2_000, clock), 'well', 1_500), 2_999)).toBe(true);
});

test('property: whatever is seen, it is never out for longer than the maximum, and never for ever', () => {
  const sign = fc.constantFrom<HealthSign>('well', 'failed', 'unknown');
  const step = fc.record({ sign, ms: fc.integer({ min: 0, max: 100_000 }), wait: fc.option(fc.nat(1e9)) });
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 600_000 }), (steps, maxEjectionMs) => {
      let health = healthy;
      let now = 0;
      for (const { sign: seenSign, ms, wait } of steps) {
        now += ms;
        health = seen(health, seenSign, now, maxEjectionMs);
        if (wait !== null) health = computeWait(health, wait, { now, maxEjectionMs });
        expect(Math.max(health.outUntil, health.waitUntil)).toBeLessThanOrEqual(now + maxEjectionMs);
        expect(isLeftOut(health, now + maxEjectionMs)).toBe(false);
      }
    }),
  );
});
