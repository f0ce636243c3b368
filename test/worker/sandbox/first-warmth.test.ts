import { expect, test } from 'vitest';
import { FirstWarmth } from '../../../worker/sandbox/first-warmth.ts';

test('a new worker waits until all is warm, and never again', () => {
  const warmth = new FirstWarmth(() => 0);
  expect([4, 1, 0, 3].map((missing) => warmth.waitsFor(missing))).toEqual([4, 1, 0, 0]);
});

test('what takes longer than a minute is not waited for', () => {
  let now = 5;
  const warmth = new FirstWarmth(() => now);
  expect(warmth.waitsFor(2)).toBe(2);
  now += 59_999;
  expect(warmth.waitsFor(2)).toBe(2);
  now += 1;
  expect(warmth.waitsFor(2)).toBe(0);
  expect(warmth.waitsFor(2)).toBe(0);
});
