import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isRetryableStatus,
  parseRetryAfterMs,
  registryRetry,
  retryDelayMs,
} from '../../oci/registry-retry.ts';

test.each([
  [200, false],
  [404, false],
  [408, true],
  [429, true],
  [500, true],
  [501, false],
  [503, true],
])('status %i is tried again: %s', (status, again) => {
  expect(isRetryableStatus(status)).toBe(again);
});

test.each([
  [null, undefined],
  ['3', 3000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  ['99999999999999', 24 * 60 * 60_000],
  ['Fri, 01 Jan 2100 00:00:00 GMT', 24 * 60 * 60_000],
])('Retry-After %j is %j ms', (header, ms) => {
  expect(parseRetryAfterMs(header, 1000)).toBe(ms);
});

test('every wait is bounded and never shorter than asked for', () => {
  const inputs = [
    fc.integer({ min: 1, max: 1000 }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.option(fc.nat(20_000)),
  ] as const;
  fc.assert(
    fc.property(...inputs, (attempt, random, asked) => {
      const ms = retryDelayMs(registryRetry, attempt, random, asked ?? undefined);
      const longest = Math.max(registryRetry.maxMs, registryRetry.maxAskedMs);
      expect(ms === undefined).toBe((asked ?? 0) > registryRetry.maxAskedMs);
      if (ms !== undefined) expect(ms >= (asked ?? 0) && ms <= longest).toBe(true);
    }),
  );
});
