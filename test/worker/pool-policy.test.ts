import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { PoolConfig } from '../../contract/index.ts';
import { maxSlots } from '../../worker/network/slot-address.ts';
import { maxExecutions, PoolPolicy } from '../../worker/pool-policy.ts';
import { testAgent } from './test-worker.ts';

const configOf = (more: Partial<PoolConfig>) =>
  ({ agents: [], gateways: [], maxExecutionsPerWorker: 0, ...more }) as unknown as PoolConfig;
const image = { image: { digest: 'd' }, user: {} } as never;

test('the schema, the worker and its slots agree about how much may run at once', () => {
  const crd = parse(readFileSync('crds/clrk.apoxy.dev_workerpools.yaml', 'utf8')) as object;
  const text = JSON.stringify(crd);
  const { maximum } = JSON.parse(/"maxExecutionsPerWorker":(\{[^}]*\})/.exec(text)?.[1] ?? '{}') as {
    readonly maximum?: number;
  };
  expect(maximum).toBe(maxExecutions);
  const policy = new PoolPolicy();
  policy.replace(configOf({ maxExecutionsPerWorker: 10_000 }));
  // Of an object that was stored when the schema allowed more.
  expect(policy.capacity).toBe(maxExecutions);
  expect(maxSlots).toBeGreaterThan(maxExecutions + 64);
});

test('S54: all agents together keep no more warm than there are slots for', () => {
  const policy = new PoolPolicy();
  const agents = Array.from({ length: 40 }, (_, index) =>
    testAgent(`a${index}`, '', { warmPoolSize: 16, gateways: [] }),
  );
  policy.replace(configOf({ maxExecutionsPerWorker: 256, agents }));
  const sizes = policy.warmTargets(() => image).map(({ size }) => size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(64);
});
