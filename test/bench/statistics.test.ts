/** The arithmetic every bench leans on. */
import { expect, test } from 'vitest';
import { firstByteMs, gapMs, phaseRows } from '../../bench/invocation/phase-table.ts';
import { median, percentile, round, slope } from '../../bench/statistics.ts';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test.each([
  [0.5, 50],
  [0.95, 95],
  [0.99, 99],
  [0, 1],
  [1, 100],
])('percentile %d of 1 to 100, unsorted, is %d', (share, expected) => {
  expect(percentile(hundred, share)).toBe(expected);
});

test('the median of one sample is itself, of none is not a number', () => {
  expect(median([7])).toBe(7);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([])).toBeNaN();
});

test('the slope is that of the line, whatever one odd sample says', () => {
  const line = Array.from({ length: 20 }, (_, x) => ({ x, y: 100 + 2.5 * x }));
  expect(slope(line)).toBeCloseTo(2.5, 12);
  expect(slope(line.map((point) => (point.x === 9 ? { x: 9, y: 5000 } : point)))).toBeCloseTo(2.5, 12);
  expect(slope([{ x: 1, y: 1 }])).toBeNaN();
});

test('rounding keeps the digits asked for', () => {
  expect(round(1.23456, 2)).toBe(1.23);
  expect(round(-0.126, 2)).toBe(-0.13);
});

const sample = {
  phasesMs: {
    queue: 1,
    slot: 2,
    rootfs: 3,
    create: 100,
    restore: 0,
    start: 50,
    boot: 0,
    deliver: 1,
    firstByte: 4,
    wait: 5,
    respond: 6,
  },
  totalMs: 172,
};

test('phases up to the first byte are added, the rest is not', () => {
  expect(firstByteMs(sample)).toBe(161);
});

test('a time that no phase owns is a gap', () => {
  expect(gapMs(sample)).toBe(0);
  expect(gapMs({ ...sample, totalMs: 175 })).toBe(3);
  expect(gapMs({ ...sample, totalMs: 170 })).toBe(2);
});

test('the table has a row a phase and its sums', () => {
  const rows = phaseRows('cold', [sample, sample]);
  expect(rows.map(({ phase }) => phase)).toEqual([...Object.keys(sample.phasesMs), 'to first byte', 'total']);
  expect(rows.find(({ phase }) => phase === 'create')).toMatchObject({
    kind: 'cold',
    p50_ms: 100,
    p95_ms: 100,
  });
});
