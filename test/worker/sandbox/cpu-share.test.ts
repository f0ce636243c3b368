import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ceilingMillis, cpuShareWrites, grantedMillis } from '../../../worker/sandbox/cpu-share.ts';

const groups = { sandboxes: '/clrk/sandboxes', worker: '/clrk/sandboxes/w' };

test.each([
  [1, 750],
  [2, 1750],
  [8, 7200],
  [64, 57_600],
])('%i processors give all sandboxes together %i thousandths', (cpus, millis) => {
  expect(ceilingMillis(cpus)).toBe(millis);
});

test('S54: no sandbox is promised more than all together have, and the platform always has some', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 1, max: 1_000_000 }), (cpus, asked) => {
      expect(grantedMillis(asked, cpus)).toBeLessThanOrEqual(Math.min(asked, ceilingMillis(cpus)));
      expect(cpus * 1000 - ceilingMillis(cpus)).toBeGreaterThanOrEqual(250);
    }),
  );
});

test('cgroup v1: a quota and less weight for all, the same weight for each worker', () => {
  expect(cpuShareWrites(groups, 2, 'v1').map(({ file, value }) => `${file} ${value}`)).toEqual([
    'cpu/clrk/sandboxes/cpu.cfs_period_us 100000',
    'cpu/clrk/sandboxes/cpu.cfs_quota_us 175000',
    'cpu/clrk/sandboxes/cpu.shares 512',
    'cpu/clrk/sandboxes/w/cpu.shares 1024',
  ]);
});

test('cgroup v2: controllers are handed down before their files are written', () => {
  expect(cpuShareWrites(groups, 2, 'v2').map(({ file, value }) => `${file} ${value}`)).toEqual([
    'clrk/cgroup.subtree_control +cpu +memory +pids',
    'clrk/sandboxes/cgroup.subtree_control +cpu +memory +pids',
    'clrk/sandboxes/cpu.max 175000 100000',
    'clrk/sandboxes/cpu.weight 50',
    'clrk/sandboxes/w/cpu.weight 100',
  ]);
});
