/** Budgets in money over several gateways and one ledger: never more than there is, and what was not used comes back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NanoUsd } from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import { Budgets, type Asked, type Reserved } from '../../../egress/budget/budgets.ts';
import { MemoryLedger } from './memory-ledger.ts';

const noon = Date.UTC(2026, 10, 27, 12);
const usd = (nanos: number): NanoUsd => nanos as NanoUsd;
const day = (nanos: number, tokens?: number): Budget => ({
  limits: tokens === undefined ? [] : [{ period: 'day', account: 'a', tokens }],
  costs: [{ period: 'day', account: 'a', nanoUsd: usd(nanos) }],
  maxOutputTokens: undefined,
});

function open(count: number): { ledger: MemoryLedger; gateways: Budgets[] } {
  const ledger = new MemoryLedger();
  return { ledger, gateways: Array.from({ length: count }, () => new Budgets({ ledger, now: () => noon })) };
}

const costing = (least: number, most = least): Asked<NanoUsd> => ({ least: usd(least), most: usd(most) });

function reserve(at: Budgets | undefined, budget: Budget, cost?: Asked<NanoUsd>): Promise<Reserved> {
  const caller = { agentId: 'a', invocationId: 'i', least: 10, most: 100, cost };
  return new Promise((resolve) => at?.reserve(budget, caller, resolve));
}

async function closeAll(gateways: readonly Budgets[]): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    for (const gateway of gateways) gateway.tidy(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('money and tokens of one budget are two counts, each settled by its own', async () => {
  const { ledger, gateways } = open(1);
  const reserved = await reserve(gateways[0], day(5_000_000, 1_000), costing(1_000, 40_000));
  expect(reserved).toMatchObject({ kind: 'reserved', reservation: { tokens: 100, nanoUsd: 40_000 } });
  if (reserved.kind === 'reserved') reserved.reservation.settle(7, usd(333));
  await closeAll(gateways);
  expect([...ledger.taken.values()].sort((one, other) => one - other)).toEqual([7, 333]);
});

test('with less money left a call gets what there is, and a refusal says how much', async () => {
  const { gateways } = open(1);
  const first = await reserve(gateways[0], day(1_000), costing(900));
  expect(first.kind).toBe('reserved');
  expect(await reserve(gateways[0], day(1_000), costing(50, 500))).toMatchObject({
    reservation: { nanoUsd: 100 },
  });
  expect(await reserve(gateways[0], day(1_000), costing(50))).toMatchObject({
    ...{ kind: 'spent', left: 0, resetsAt: Date.UTC(2026, 10, 28) },
    limit: { nanoUsd: 1_000 },
  });
});

test('S48: what nobody can price is let through under no limit in money', async () => {
  const { ledger, gateways } = open(1);
  expect((await reserve(gateways[0], day(1_000, 1_000))).kind).toBe('unavailable');
  expect(ledger.asked).toBe(0);
});

test('S48: a call whose cost nobody tells cost what it was promised', async () => {
  const { ledger, gateways } = open(1);
  const reserved = await reserve(gateways[0], day(10_000), costing(400));
  if (reserved.kind === 'reserved') reserved.reservation.settle(0);
  await closeAll(gateways);
  expect(ledger.total).toBe(400);
});

const step = fc.record({
  gateway: fc.nat(2),
  least: fc.integer({ min: 1, max: 300_000 }),
  extra: fc.nat(300_000),
  usedPercent: fc.nat(100),
  turns: fc.nat(6),
  outage: fc.boolean(),
});

test('S48: whatever callers, outages and a killed gateway do, no more than the money is spent, and the rest comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 2_000_000 }),
      async (steps, cap) => {
        const { ledger, gateways } = open(3);
        let spent = 0;
        ledger.turns = () => steps[ledger.asked % Math.max(1, steps.length)]?.turns ?? 1;
        const calls = steps.map(async ({ gateway, least, extra, usedPercent, turns, outage }) => {
          for (let left = turns; left > 0; left -= 1) await Promise.resolve();
          ledger.away = outage && !ledger.away;
          const reserved = await reserve(gateways[gateway], day(cap), costing(least, least + extra));
          if (reserved.kind !== 'reserved') return;
          const { nanoUsd = usd(0) } = reserved.reservation;
          expect(nanoUsd).toBeGreaterThanOrEqual(least);
          const cost = Math.floor((nanoUsd * usedPercent) / 100);
          spent += cost;
          for (let left = turns; left > 0; left -= 1) await Promise.resolve();
          reserved.reservation.settle(0, usd(cost));
        });
        await Promise.all(calls);
        expect(spent).toBeLessThanOrEqual(cap);
        ledger.away = false;
        // The third gateway is killed: what it held is lost to everybody, and counts as taken.
        await closeAll(gateways.slice(0, 2));
        expect(ledger.total).toBeGreaterThanOrEqual(spent);
        expect(Math.max(0, ...ledger.highest.values())).toBeLessThanOrEqual(cap);
        await closeAll(gateways.slice(2));
        expect(ledger.total).toBe(spent);
      },
    ),
    { numRuns: 200 },
  );
});
