/** How many processes, and what each may have of what is a pod's. */
import { expect, test } from 'vitest';
import { countProcesses, heapOfProcess } from '../../../egress/processes/count.ts';
import { combineExports } from '../../../egress/processes/combine-exports.ts';
import { boundsOf } from '../../../egress/session/gateway-bounds.ts';

test.each([
  [undefined, 8, 1],
  ['', 8, 1],
  ['1', 8, 1],
  ['4', 8, 4],
  ['8', 4, 4],
  ['2', 1, 1],
  ['2', 0, 1],
])('%s wanted of %i processors: %i', (wanted, processors, count) => {
  expect(countProcesses(wanted, processors)).toBe(count);
});

test.each(['0', '-1', '1.5', 'two', '2 ', '10000'])('%j is no number of processes, and is told', (wanted) => {
  expect(() => countProcesses(wanted, 8)).toThrow(
    expect.objectContaining({ code: 'ENVIRONMENT_INVALID' }) as Error,
  );
});

test('the heaps of all are together what one would have had', () => {
  expect(heapOfProcess(2 * 1024 ** 3, 4)).toBe(512);
  expect(heapOfProcess(1024, 4)).toBe(64);
});

test.each([
  [1, { total: 10_000, streamsOfAgent: 512 }],
  [2, { total: 5_000, streamsOfAgent: 256 }],
  [5, { total: 2_000, streamsOfAgent: 102 }],
  // A connection may have as many as it was told.
  [16, { total: 625, streamsOfAgent: 100 }],
])('S54: of %i processes each has its part of connections and streams', (processes, bounds) => {
  expect(boundsOf(processes)).toEqual(bounds);
});

test('what is wrong with the copies of one process is told of the pod', () => {
  const well = { losing: false, arrived: true };
  const bad = { losing: true, arrived: false, fault: { code: 'Unreachable' as const } };
  expect(combineExports([])).toBeUndefined();
  expect(combineExports([well, bad])).toEqual({
    losing: true,
    arrived: true,
    fault: { code: 'Unreachable' },
  });
  expect(combineExports([well, { ...well, arrived: false }])).toEqual(well);
});
