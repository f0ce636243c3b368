/** Retry-After, in the two ways it may be written and in those it may not. */
import { expect, test } from 'vitest';
import { parseRetryAfter } from '../../../egress/fallback/retry-after.ts';

const now = Date.parse('Fri, 27 Nov 2026 12:00:00 GMT');

test.each<[string | undefined, number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['7', 7_000],
  [' 0 ', 0],
  ['-1', undefined],
  ['1.5', undefined],
  ['9999999999', undefined],
  ['Fri, 27 Nov 2026 12:00:30 GMT', 30_000],
  ['Fri, 27 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
  [`Fri, 27 Nov 2026 12:00:30 GMT${' '.repeat(50)}x`, undefined],
])('%j', (value, expected) => {
  expect(parseRetryAfter(value, now)).toBe(expected);
});
