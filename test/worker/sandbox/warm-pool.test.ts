import { expect, test, vi } from 'vitest';
import type { MadeSandbox, SandboxPlan } from '../../../worker/sandbox/sandbox-factory.ts';
import { WarmPool, type WarmTarget } from '../../../worker/sandbox/warm-pool.ts';
import { soon } from '../../soon.ts';

const plan = (name: string): SandboxPlan =>
  ({
    agent: { namespace: 'team', name, uid: name, resources: {} },
    revision: { name },
    image: { digest: name },
    caPems: [],
    user: {},
  }) as unknown as SandboxPlan;

const target = (name: string, size = 1): WarmTarget => ({
  revisionId: `team/${name}`,
  plan: plan(name),
  size,
  idleTtlMs: 3_600_000,
});

/** A pool whose clock is set by hand, and what happened to it. */
function openPool() {
  const seen = { attempts: [] as string[], errors: 0, nowMs: 0, broken: new Set<string>() };
  const pool = new WarmPool({
    make: async ({ agent }) => {
      seen.attempts.push(agent.name);
      await Promise.resolve();
      if (seen.broken.has(agent.name)) throw new Error('it cannot be created');
      return { sandbox: { alive: true } } as unknown as MadeSandbox;
    },
    clear: () => undefined,
    now: () => seen.nowMs,
    onChange: () => undefined,
    onLost: () => undefined,
    onError: () => seen.errors++,
  });
  return { seen, pool };
}

test('one that cannot be made does not keep the others from being made', async () => {
  const { seen, pool } = openPool();
  seen.broken.add('broken');
  pool.apply([target('broken'), target('good', 2), target('last')]);
  await vi.waitFor(() => expect(pool.counts()).toEqual({ 'team/good': 2, 'team/last': 1 }), soon);
  await pool.close();
});

test('how many are coming: what is to be made, without what cannot be', async () => {
  const { seen, pool } = openPool();
  seen.broken.add('broken');
  pool.apply([target('broken', 2), target('good', 2)]);
  expect(pool.coming).toBe(4);
  await vi.waitFor(() => expect(pool.coming).toBe(0), soon);
  expect(pool.counts()).toEqual({ 'team/good': 2 });
  await pool.close();
});

test('what cannot be made is tried again ever more seldom, and at once when it is made anew', async () => {
  const { seen, pool } = openPool();
  seen.broken.add('broken');
  pool.apply([target('broken')]);
  const tries: number[] = [];
  for (let second = 0; second <= 1200; second++) {
    seen.nowMs = second * 1000;
    const before = seen.attempts.length;
    pool.tick();
    // Its turn ends with the promises it waits for.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    if (seen.attempts.length > before) tries.push(second);
  }
  expect(seen.errors).toBe(seen.attempts.length);
  expect(tries).toEqual([5, 15, 35, 75, 155, 315, 615, 915]);
  // A changed plan owes nothing to the old one.
  pool.apply([{ ...target('broken'), plan: plan('mended') }]);
  await vi.waitFor(() => expect(pool.counts()).toEqual({ 'team/broken': 1 }), soon);
  await pool.close();
});

test('a success ends the back-off', async () => {
  const { seen, pool } = openPool();
  seen.broken.add('agent');
  pool.apply([target('agent')]);
  await vi.waitFor(() => expect(seen.errors).toBe(1), soon);
  seen.broken.delete('agent');
  seen.nowMs = 5_000;
  pool.tick();
  await vi.waitFor(() => expect(pool.counts()).toEqual({ 'team/agent': 1 }), soon);
  expect(pool.take(plan('agent'))).toBeDefined();
  pool.tick();
  await vi.waitFor(() => expect(pool.counts()).toEqual({ 'team/agent': 1 }), soon);
  await pool.close();
});
