/** Budgets of several gateways over one ledger: what many callers do at once never exceeds, and what was not used comes back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Budget } from '../../../decision/index.ts';
import { idleMs } from '../../../egress/budget/account.ts';
import { Budgets, type Reserved } from '../../../egress/budget/budgets.ts';
import { MemoryLedger } from './memory-ledger.ts';

const noon = Date.UTC(2026, 10, 27, 12);
const day = (tokens: number, account = 'a'): Budget => ({
  limits: [{ period: 'day', account, tokens }],
  maxOutputTokens: undefined,
});

interface Bed {
  readonly ledger: MemoryLedger;
  readonly clock: { now: number };
  readonly gateways: readonly Budgets[];
}

function open(count = 1): Bed {
  const clock = { now: noon };
  const ledger = new MemoryLedger();
  const gateways = Array.from({ length: count }, () => new Budgets({ ledger, now: () => clock.now }));
  return { clock, ledger, gateways };
}

function reserve(
  gateway: Budgets | undefined,
  budget: Budget,
  least: number,
  most = least,
  run = 'i',
): Promise<Reserved> {
  return new Promise((resolve) =>
    gateway?.reserve(budget, { agentId: 'a', invocationId: run, least, most }, resolve),
  );
}

async function settle(
  gateway: Budgets | undefined,
  budget: Budget,
  tokens: number,
  used: number,
): Promise<string> {
  const reserved = await reserve(gateway, budget, tokens);
  if (reserved.kind === 'reserved') reserved.reservation.settle(used);
  return reserved.kind;
}

/** Lets everything under way come to its end. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function closeAll({ gateways }: Bed): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    for (const gateway of gateways) gateway.tidy(true);
    await quiet();
  }
}

test('S48: callers at once never take more than the budget', async () => {
  const { gateways, ledger } = open(2);
  const kinds = await Promise.all(
    Array.from({ length: 50 }, (_, index) => reserve(gateways[index % 2], day(1_000), 100)),
  );
  // Each gateway may hold a hundredth for its next calls.
  expect(kinds.filter(({ kind }) => kind === 'reserved').length).toBeGreaterThanOrEqual(9);
  expect(Math.max(...ledger.highest.values())).toBeLessThanOrEqual(1_000);
});

test('a call gets what is left where that is enough for it', async () => {
  const { gateways } = open();
  await settle(gateways[0], day(1_000), 900, 900);
  const last = await reserve(gateways[0], day(1_000), 50, 500);
  expect(last).toMatchObject({ kind: 'reserved', reservation: { tokens: 100 } });
});

test('what a call did not use is there for the next', async () => {
  const { gateways } = open();
  for (let call = 0; call < 100; call += 1) {
    const reserved = await reserve(gateways[0], day(1_000), 10, 900);
    expect(reserved.kind).toBe('reserved');
    if (reserved.kind === 'reserved') reserved.reservation.settle(10);
  }
  expect((await reserve(gateways[0], day(1_000), 1, 900)).kind).toBe('spent');
});

test('a refusal says what is left and when the day is over', async () => {
  const { gateways } = open();
  await settle(gateways[0], day(100), 90, 90);
  const refused = await reserve(gateways[0], day(100), 20);
  expect(refused).toMatchObject({ kind: 'spent', left: 10, resetsAt: Date.UTC(2026, 10, 28), at: noon });
});

test('a new day is a new budget, and what is settled late is of the old one', async () => {
  const { gateways, clock, ledger } = open();
  const old = await reserve(gateways[0], day(100), 100);
  clock.now = noon + 24 * 60 * 60_000;
  expect(await settle(gateways[0], day(100), 100, 100)).toBe('reserved');
  if (old.kind === 'reserved') old.reservation.settle(30);
  await closeAll({ gateways, clock, ledger });
  expect([...ledger.taken.values()].sort((one, other) => other - one)).toEqual([100, 30]);
});

test('each execution has a budget of its own', async () => {
  const { gateways } = open();
  const budget: Budget = {
    limits: [{ period: 'execution', account: 'a', tokens: 100 }],
    maxOutputTokens: undefined,
  };
  expect((await reserve(gateways[0], budget, 100, 100, 'one')).kind).toBe('reserved');
  expect((await reserve(gateways[0], budget, 100, 100, 'two')).kind).toBe('reserved');
  const again = await reserve(gateways[0], budget, 1, 1, 'one');
  expect(again).toMatchObject({ kind: 'spent', resetsAt: undefined });
});

test('of several limits the narrowest holds, and the others get back what they promised', async () => {
  const { gateways, ledger, clock } = open();
  const budget: Budget = {
    limits: [...day(1_000, 'wide').limits, ...day(100, 'narrow').limits],
    maxOutputTokens: undefined,
  };
  expect(await reserve(gateways[0], budget, 10, 500)).toMatchObject({ reservation: { tokens: 100 } });
  expect((await reserve(gateways[0], budget, 10, 500)).kind).toBe('spent');
  await closeAll({ gateways, ledger, clock });
  // The first call is still under way: 500 in the wide one, of which the second took none.
  expect(ledger.total).toBe(500 + 100);
});

test('rules that name one budget share it', async () => {
  const { gateways } = open(2);
  expect(await settle(gateways[0], day(100, 'ref/ns/shared'), 60, 60)).toBe('reserved');
  expect(await settle(gateways[1], day(100, 'ref/ns/shared'), 60, 60)).toBe('spent');
});

test('tokens that nobody asks for go back to the other gateways', async () => {
  const bed = open(2);
  const { gateways, clock } = bed;
  await settle(gateways[0], day(1_000), 1_000, 0);
  expect(await settle(gateways[1], day(1_000), 500, 500)).toBe('spent');
  clock.now += idleMs;
  gateways[0]?.tidy();
  await quiet();
  expect(await settle(gateways[1], day(1_000), 500, 500)).toBe('reserved');
});

test('a spent budget is not asked for at every call', async () => {
  const { gateways, ledger } = open();
  await settle(gateways[0], day(10), 10, 10);
  for (let call = 0; call < 100; call += 1) await settle(gateways[0], day(10), 10, 10);
  expect(ledger.asked).toBeLessThan(5);
});

test('a call that used more than it was promised is charged in full', async () => {
  const bed = open();
  await settle(bed.gateways[0], day(1_000), 100, 400);
  await closeAll(bed);
  expect(bed.ledger.total).toBe(400);
});

test('a call settles once', async () => {
  const bed = open();
  const reserved = await reserve(bed.gateways[0], day(1_000), 100);
  for (const used of [40, 0, 90]) if (reserved.kind === 'reserved') reserved.reservation.settle(used);
  await closeAll(bed);
  expect(bed.ledger.total).toBe(40);
});

describe('without the ledger', () => {
  test('what was leased is spent, then calls are refused', async () => {
    const { gateways, ledger } = open();
    await settle(gateways[0], day(100_000), 1_000, 0);
    ledger.away = true;
    expect(await settle(gateways[0], day(100_000), 1_500, 1_500)).toBe('reserved');
    expect((await reserve(gateways[0], day(100_000), 1_000)).kind).toBe('unavailable');
  });

  test('what could not be given back is given back when it is there again', async () => {
    const bed = open();
    await settle(bed.gateways[0], day(1_000), 1_000, 100);
    bed.ledger.away = true;
    await closeAll(bed);
    bed.ledger.away = false;
    await closeAll(bed);
    expect(bed.ledger.total).toBe(100);
  });
});

test('accounts nobody uses any more are forgotten', async () => {
  const bed = open();
  for (let run = 0; run < 100; run += 1) {
    const budget: Budget = {
      limits: [{ period: 'execution', account: 'a', tokens: 9 }],
      maxOutputTokens: undefined,
    };
    const reserved = await reserve(bed.gateways[0], budget, 9, 9, `run-${run}`);
    if (reserved.kind === 'reserved') reserved.reservation.settle(9);
  }
  await closeAll(bed);
  expect(bed.gateways[0]?.size).toBe(0);
});

interface Step {
  readonly gateway: number;
  readonly least: number;
  readonly extra: number;
  /** Of what it was granted. */
  readonly usedPercent: number;
  readonly turns: number;
  readonly outage: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  gateway: fc.nat(2),
  least: fc.integer({ min: 1, max: 300 }),
  extra: fc.nat(300),
  usedPercent: fc.nat(100),
  turns: fc.nat(6),
  outage: fc.boolean(),
});

test('S48: whatever callers, outages and a killed gateway do, no more than the budget is used, and the rest comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 2_000 }),
      async (steps, cap) => {
        const bed = open(3);
        const { gateways, ledger } = bed;
        let used = 0;
        let lost = 0;
        ledger.turns = () => steps[ledger.asked % Math.max(1, steps.length)]?.turns ?? 1;
        const calls = steps.map(async ({ gateway, least, extra, usedPercent, turns, outage }) => {
          for (let left = turns; left > 0; left -= 1) await Promise.resolve();
          ledger.away = outage && !ledger.away;
          const reserved = await reserve(gateways[gateway], day(cap), least, least + extra);
          if (reserved.kind !== 'reserved') return;
          const { tokens } = reserved.reservation;
          expect(tokens).toBeGreaterThanOrEqual(least);
          const spent = Math.floor((tokens * usedPercent) / 100);
          used += spent;
          for (let left = turns; left > 0; left -= 1) await Promise.resolve();
          reserved.reservation.settle(spent);
        });
        await Promise.all(calls);
        expect(used).toBeLessThanOrEqual(cap);
        ledger.away = false;
        // The third gateway is killed: what it held is lost to everybody, and counts as taken.
        const before = ledger.total;
        await closeAll({ ...bed, gateways: gateways.slice(0, 2) });
        lost = ledger.total - used;
        expect(lost).toBeGreaterThanOrEqual(0);
        expect(ledger.total).toBeLessThanOrEqual(before);
        expect(Math.max(0, ...ledger.highest.values())).toBeLessThanOrEqual(cap);
        await closeAll({ ...bed, gateways: gateways.slice(2) });
        expect(ledger.total).toBe(used);
      },
    ),
    { numRuns: 200 },
  );
});
