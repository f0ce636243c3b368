/** Amounts of US dollars as they are written and counted. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nanoUsdOf, parseUsd, renderUsd } from '../../contract/index.ts';

test.each([
  ['1', 1_000_000_000],
  ['12.50', 12_500_000_000],
  ['0.000000001', 1],
  ['999999.999999999', 999_999_999_999_999],
  ['0', undefined],
  ['0.0', undefined],
  ['1000000', undefined],
  ['1.0000000001', undefined],
  ['01', undefined],
  ['.5', undefined],
  ['1.', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['$1', undefined],
  ['1,5', undefined],
  ['', undefined],
])('%j', (text, nanos) => {
  expect(parseUsd(text)).toBe(nanos);
});

test('property: what is rendered is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), (nanos) => {
      expect(parseUsd(renderUsd(nanos))).toBe(nanos);
    }),
  );
});

test.each([
  [0.0000125, 12_500],
  [0.1 + 0.2, 300_000_000],
  [1e-10, 1],
  [0, 0],
  [Number.NaN, undefined],
  [-1, undefined],
  [Number.POSITIVE_INFINITY, undefined],
])('a price of %s is rounded up, never by what a float is off', (dollars, nanos) => {
  expect(nanoUsdOf(dollars)).toBe(nanos);
});
