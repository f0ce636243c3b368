import { describe, expect, test } from 'vitest';
import { renderAge, renderDuration } from '../../contract/index.ts';

const now = new Date('2026-11-23T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1_000);

describe('renderDuration', () => {
  test.each([
    [0, '0.0 ms'],
    [1.25, '1.3 ms'],
    [9.99, '10.0 ms'],
    [34.4, '34 ms'],
    [999, '999 ms'],
    [1_240, '1.24 s'],
    [59_990, '59.99 s'],
    [125_000, '2m05s'],
    [-1, '<unknown>'],
    [Number.NaN, '<unknown>'],
  ])('%d ms: %s', (ms, expected) => {
    expect(renderDuration(ms)).toBe(expected);
  });
});

describe('renderAge', () => {
  test.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [250, '4m10s'],
    [3_600, '60m'],
    [3 * 3_600, '3h'],
    [3.5 * 3_600, '3h30m'],
    [9 * 3_600, '9h'],
    [3 * 86_400, '3d'],
    [50 * 3_600, '2d2h'],
    [30 * 86_400, '30d'],
    [800 * 86_400, '2y'],
    [-5, '0s'],
  ])('%d s ago: %s, as kubectl says', (seconds, expected) => {
    expect(renderAge(ago(seconds), now)).toBe(expected);
  });

  test('no time at all', () => {
    expect([renderAge(undefined, now), renderAge(new Date('x'), now)]).toEqual(['<unknown>', '<unknown>']);
  });
});
