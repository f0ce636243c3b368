import { expect, it } from 'vitest';
import { backOffMs, failuresAfter } from '../../../local/supervisor/back-off.ts';

const policy = { firstMs: 100, maxMs: 1_000, resetAfterMs: 5_000 };

it.each([
  [0, 0],
  [1, 100],
  [2, 200],
  [4, 800],
  [5, 1_000],
  [10_000, 1_000],
])('waits after %i deaths in a row %i ms', (failures, expected) => {
  expect(backOffMs(policy, failures)).toBe(expected);
});

it('counts from one again after a healthy run', () => {
  expect(failuresAfter(policy, 7, 4_999)).toBe(8);
  expect(failuresAfter(policy, 7, 5_000)).toBe(1);
});
