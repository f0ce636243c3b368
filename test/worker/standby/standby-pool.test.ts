/** A pool of sandboxes whose agent was started: who is kept, who is taken, who comes back. */
import { expect, test, vi } from 'vitest';
import type { PoolAgent } from '../../../contract/index.ts';
import type { SandboxPlan } from '../../../worker/sandbox/sandbox-factory.ts';
import { planKey, WarmPool, type WarmSandbox } from '../../../worker/sandbox/warm-pool.ts';
import type { LossReason } from '../../../worker/standby/standby.ts';
import { soon } from '../../soon.ts';

const resident = { mode: 'Resident', maxRuns: 9, maxAgeMs: 9_000 } as const;

const planOf = (standby: PoolAgent['standby'], policy = 'p'): SandboxPlan =>
  ({
    agent: { namespace: 'team', name: 'a', uid: 'u', resources: {}, standby, deliveryMode: 'Metadata' },
    revision: { name: 'a-00001' },
    image: { digest: 'd' },
    ...{ caPems: [], user: {}, policy },
  }) as unknown as SandboxPlan;

interface Made {
  readonly warm: WarmSandbox;
  readonly lose: (reason: LossReason) => void;
  readonly end: () => void;
  isFit: boolean;
  cleared: number;
}

function openPool() {
  const made: Made[] = [];
  const lost: LossReason[] = [];
  const clock = { nowMs: 0 };
  const make = async ({ agent }: SandboxPlan): Promise<WarmSandbox> => {
    await Promise.resolve();
    let lose: Made['lose'] = () => undefined;
    let end: Made['end'] = () => undefined;
    const isLost = new Promise<LossReason>((resolve) => (lose = resolve));
    const ended = new Promise<void>((resolve) => (end = resolve));
    const standby = {
      get isFit() {
        return each.isFit;
      },
      isResident: agent.standby?.mode === 'Resident',
      lost: isLost,
    };
    const warm = { sandbox: { alive: true, ended }, standby } as unknown as WarmSandbox;
    const each: Made = { warm, lose, end, isFit: true, cleared: 0 };
    made.push(each);
    return warm;
  };
  const pool = new WarmPool({
    make,
    clear: (warm) => {
      for (const each of made) if (each.warm === warm) each.cleared += 1;
    },
    now: () => clock.nowMs,
    onChange: () => undefined,
    onLost: (reason) => lost.push(reason),
    onError: () => undefined,
  });
  const apply = (plan: SandboxPlan, size = 1): void =>
    pool.apply([{ revisionId: 'team/a-00001', plan, size, idleTtlMs: 600_000 }]);
  const waits = (count: number) =>
    vi.waitFor(() => expect(pool.counts()['team/a-00001'] ?? 0).toBe(count), soon);
  return { pool, made, lost, clock, apply, waits };
}

test('whoever does not wait is cleared, counted, told of, and made again ever more seldom', async () => {
  const { pool, made, lost, clock, apply, waits } = openPool();
  apply(planOf({ mode: 'Started' }));
  const at: number[] = [];
  for (clock.nowMs = 0; clock.nowMs <= 80_000; clock.nowMs += 1_000) {
    const before = made.length;
    pool.tick();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    if (made.length === before && clock.nowMs > 0) continue;
    at.push(clock.nowMs / 1_000);
    made.at(-1)?.lose('ExitsEarly');
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
  expect(at).toEqual([0, 5, 15, 35, 75]);
  expect(lost).toEqual(at.map(() => 'ExitsEarly'));
  expect(made.map(({ cleared }) => cleared)).toEqual(at.map(() => 1));
  expect(pool.troubles()).toEqual({ 'team/a-00001': 'ExitsEarly' });
  clock.nowMs = 160_000;
  pool.tick();
  await waits(1);
  // Whoever waits for a minute can wait; so can whoever is given a run.
  clock.nowMs = 220_000;
  pool.tick();
  expect(pool.troubles()).toEqual({});
  await pool.close();
});

test('the one that has waited longest is taken, and no unfit one', async () => {
  const { pool, made, apply, waits } = openPool();
  const plan = planOf({ mode: 'Started' });
  apply(plan, 3);
  await waits(3);
  made[0]!.isFit = false;
  expect(pool.take(plan)).toBe(made[1]?.warm);
  expect(made[0]?.cleared).toBe(1);
  await pool.close();
});

test.each<[string, SandboxPlan]>([
  ['another policy', planOf({ mode: 'Started' }, 'q')],
  ['another mode', planOf(resident)],
  ['no mode', planOf(undefined)],
])('what was started for one plan is not taken for %s', async (_name, other) => {
  const { pool, apply, waits } = openPool();
  const plan = planOf({ mode: 'Started' });
  apply(plan);
  await waits(1);
  expect(planKey(other)).not.toBe(planKey(plan));
  expect(pool.take(other)).toBeUndefined();
  await pool.close();
});

test('a resident has its place while it is on a run, and comes back to it', async () => {
  const { pool, made, apply, waits } = openPool();
  const plan = planOf(resident);
  apply(plan);
  await waits(1);
  const taken = pool.take(plan)!;
  pool.tick();
  await Promise.resolve();
  expect(made).toHaveLength(1);
  pool.giveBack(taken);
  await waits(1);
  expect(pool.take(plan)).toBe(taken);
  await pool.close();
});

test('a resident that ends on its run makes room for another', async () => {
  const { pool, made, apply, waits } = openPool();
  const plan = planOf(resident);
  apply(plan);
  await waits(1);
  pool.take(plan);
  made[0]!.end();
  await Promise.resolve();
  pool.tick();
  await waits(1);
  expect(made).toHaveLength(2);
  await pool.close();
});

test.each<[string, (bed: ReturnType<typeof openPool>) => void]>([
  ['is unfit', ({ made }) => (made[0]!.isFit = false)],
  ['was made for what has changed', ({ apply }) => apply(planOf(resident, 'q'), 1)],
  ['is not wanted', ({ pool }) => pool.apply([])],
  ['is back when the worker stops', ({ pool }) => void pool.close()],
])('a resident that %s is cleared when it comes back', async (_name, happens) => {
  const bed = openPool();
  const plan = planOf(resident);
  bed.apply(plan);
  await bed.waits(1);
  const taken = bed.pool.take(plan)!;
  happens(bed);
  bed.pool.giveBack(taken);
  expect(bed.made[0]?.cleared).toBe(1);
  expect(bed.pool.take(plan)).toBeUndefined();
  await bed.pool.close();
});
