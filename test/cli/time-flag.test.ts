import { describe, expect, test } from 'vitest';
import { parseCount, parseDuration, parseSince, parseTimeout } from '../../cli/time-flag.ts';

const usage = expect.objectContaining({ code: 'USAGE' });

describe('time flags', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['250ms', 250],
    ['1.5s', 1_500],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each(['', '5', 'm', '5 m', '-5m', '5x', '5m!', '1h,2m'])('%j is not a duration', (text) => {
    expect(() => parseDuration(text)).toThrow(usage);
  });

  test.each([
    ['0s', 0],
    ['0.5ms', 1],
    ['24d', 2_073_600_000],
  ])('--timeout %s is what a timer holds', (text, expected) => {
    expect(parseTimeout(text)).toBe(expected);
    expect(expected).toBeLessThan(2 ** 31);
  });

  test.each(['24d1s', '60d', '99999999999999999999d'])(
    '--timeout %s is longer than can be waited',
    (text) => {
      expect(() => parseTimeout(text)).toThrow(usage);
    },
  );

  test('--since takes an age or an instant', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    expect(parseSince('10m', now)).toBe('2026-11-23T11:50:00.000Z');
    expect(parseSince('2026-11-23T10:00:00+02:00', now)).toBe('2026-11-23T08:00:00.000Z');
    expect(() => parseSince('2026-11-23T99:00:00Z', now)).toThrow(usage);
    expect(() => parseSince('yesterday', now)).toThrow(usage);
  });

  test('counts are whole and not negative', () => {
    expect(parseCount('20')).toBe(20);
    for (const text of ['', '-1', '1.5', 'all', '1e3']) expect(() => parseCount(text)).toThrow(usage);
  });
});
