import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { parseDuration, parseQuantity } from '../../api/index.ts';

describe('durations', () => {
  test.each([
    ['100s', 100_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['0s', 0],
    ['', undefined],
    ['5', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['1d', undefined],
    ['soon', undefined],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });
});

describe('quantities', () => {
  test.each([
    ['1500m', 1.5],
    ['512Mi', 536_870_912],
    ['1Gi', 1_073_741_824],
    ['2', 2],
    ['1k', 1_000],
    ['1e3', 1_000],
    ['0', 0],
    ['.5', 0.5],
    ['', undefined],
    ['-1', undefined],
    ['1 Gi', undefined],
    ['1KB', undefined],
    ['NaN', undefined],
    ['Gi', undefined],
  ])('%s', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected);
  });
});

test('any text gives a finite number of at least 0, or undefined', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const value of [parseDuration(text), parseQuantity(text)]) {
        expect(value === undefined || (Number.isFinite(value) && value >= 0)).toBe(true);
      }
    }),
  );
});
