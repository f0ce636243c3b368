/** Thresholds of budgets, noted in the ledger once and said by every gateway that comes to know: over several of them, and restarts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxWarnings } from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import { idleMs } from '../../../egress/budget/account.ts';
import { Budgets, type Reservation } from '../../../egress/budget/budgets.ts';
import type { Ledger } from '../../../egress/budget/ledger.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { NatsGateways } from './nats-gateways.ts';

const noon = Date.UTC(2026, 10, 27, 12);
const dayMs = 86_400_000;
const day = (tokens: number, account = 'a', warnAt = [80, 100]): Budget => ({
  limits: [{ period: 'day', account, tokens, warnAt }],
  maxOutputTokens: undefined,
});

interface Gateway {
  readonly budgets: Budgets;
  readonly changes: () => number;
}

function open(ledger: Ledger, clock: { now: number }): Gateway {
  let changes = 0;
  const onWarned = (): void => void (changes += 1);
  return { budgets: new Budgets({ ledger, now: () => clock.now, onWarned }), changes: () => changes };
}

function reserve({ budgets }: Gateway, budget: Budget, tokens: number): Promise<Reservation | undefined> {
  return new Promise((resolve) => {
    budgets.reserve(budget, { agentId: 'a', invocationId: 'i', least: tokens, most: tokens }, (reserved) =>
      resolve(reserved.kind === 'reserved' ? reserved.reservation : undefined),
    );
  });
}

async function use(gateway: Gateway, budget: Budget, tokens: number, used = tokens): Promise<boolean> {
  const reservation = await reserve(gateway, budget, tokens);
  reservation?.settle(used);
  return reservation !== undefined;
}

const percents = ({ budgets }: Gateway): number[] => budgets.warnings.map(({ percent }) => percent);

async function tidy({ budgets }: Gateway): Promise<void> {
  budgets.tidy(true);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('thresholds of a budget of a day', () => {
  test('are told when so much is used, each once', async () => {
    const gateway = open(new MemoryLedger(), { now: noon });
    await use(gateway, day(1_000), 790);
    await tidy(gateway);
    expect(percents(gateway)).toEqual([]);
    await use(gateway, day(1_000), 20);
    await tidy(gateway);
    for (let calls = 0; calls < 5; calls += 1) await use(gateway, day(1_000), 20, 1);
    await tidy(gateway);
    expect(gateway.budgets.warnings).toEqual([
      { account: 'a', unit: 'tokens', day: '2026-11-27', cap: 1_000, percent: 80 },
    ]);
    expect(gateway.changes()).toBe(1);
  });

  test('not of what is promised and comes back', async () => {
    const gateway = open(new MemoryLedger(), { now: noon });
    const reservation = await reserve(gateway, day(1_000), 900);
    expect(await use(gateway, day(1_000), 50)).toBe(true);
    expect(percents(gateway)).toEqual([]);
    reservation?.settle(5);
    await tidy(gateway);
    expect(percents(gateway)).toEqual([]);
  });

  test('the last one when a call is refused for it, and not when a call is too large', async () => {
    const gateway = open(new MemoryLedger(), { now: noon });
    expect(await use(gateway, day(1_000), 2_000)).toBe(false);
    await use(gateway, day(1_000), 960);
    expect(await use(gateway, day(1_000), 100)).toBe(false);
    expect(percents(gateway)).toEqual([80, 100]);
  });

  test('a limit that is raised begins anew', async () => {
    const gateway = open(new MemoryLedger(), { now: noon });
    const told = (): unknown => gateway.budgets.warnings.map(({ cap, percent }) => [cap, percent]);
    const spent = [
      [1_000, 80],
      [1_000, 100],
    ];
    await use(gateway, day(1_000), 1_000);
    await tidy(gateway);
    expect(told()).toEqual(spent);
    await use(gateway, day(2_000), 500);
    await tidy(gateway);
    expect(told()).toEqual(spent);
    await use(gateway, day(2_000), 100);
    await tidy(gateway);
    expect(told()).toEqual([...spent, [2_000, 80]]);
  });

  test('are over with the day', async () => {
    const clock = { now: noon };
    const gateway = open(new MemoryLedger(), clock);
    await use(gateway, day(1_000), 900);
    await tidy(gateway);
    expect(percents(gateway)).toEqual([80]);
    clock.now += dayMs / 2;
    await tidy(gateway);
    expect(percents(gateway)).toEqual([]);
    expect(gateway.changes()).toBe(2);
  });

  test('S54: so many are said and no more', async () => {
    const gateway = open(new MemoryLedger(), { now: noon });
    for (let n = 0; n < maxWarnings + 9; n += 1) {
      await use(gateway, day(10, `a${n}`), 9);
      await use(gateway, day(10, `a${n}`), 1);
    }
    expect(percents(gateway)).toHaveLength(maxWarnings);
  });
});

describe('in a real NATS', () => {
  const nats = new NatsGateways();
  beforeAll(() => nats.start(), 60_000);
  afterAll(() => nats.stop());

  test('S48: two gateways that pass one at once note it once, and it outlives gateways and a restart of NATS', async () => {
    const clock = { now: noon };
    const gateways = [open(await nats.ledger('one'), clock), open(await nats.ledger('two'), clock)];
    await Promise.all(
      gateways.flatMap((gateway) => Array.from({ length: 9 }, () => use(gateway, day(1_000), 50, 50))),
    );
    clock.now += idleMs;
    for (const { budgets } of gateways) budgets.tidy();
    for (const gateway of gateways) await use(gateway, day(1_000), 10, 10);
    expect(gateways.map(percents)).toEqual([[80], [80]]);
    expect(gateways.map(({ changes }) => changes())).toEqual([1, 1]);
    await nats.killAndStart();
    const ledger = await nats.ledger('one');
    // What comes back takes back nothing that was noted.
    expect(await ledger.adjust({ account: 'a', period: 'day/2026-11-27' }, -500)).toEqual(['80/1000']);
    const later = open(ledger, clock);
    await use(later, day(1_000), 1, 1);
    expect(percents(later)).toEqual([80]);
  }, 60_000);
});
