/** Limits of calls over several gateways and one ledger: no window ever holds more than its calls, whatever clocks and ledger do. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetLedger, type CallLimit, type LedgerKey } from '../../../contract/index.ts';
import { placeOf, type CallCount } from '../../../decision/index.ts';
import { Budgets, maxAccountsOfAgent, type CountResult } from '../../../egress/budget/budgets.ts';
import type { Lease } from '../../../egress/budget/ledger.ts';
import { MemoryLedger } from './memory-ledger.ts';

const windowMs = 10_000;
const limit = (calls: number, change: Partial<CallLimit> = {}): CallLimit => ({
  ...{ account: 'rate/d/slow', calls, windowMs, scope: 'PerAgent' },
  ...change,
});

class Gateway {
  readonly clock = { unixMs: 1_000_000 };
  readonly budgets: Budgets;

  constructor(ledger: MemoryLedger) {
    const now = () => this.clock.unixMs;
    this.budgets = new Budgets({ ledger, now: () => 0, unixMs: now });
  }

  count(counts: readonly CallCount[], agentId = 'a', invocationId = 'i'): Promise<CountResult> {
    return new Promise((resolve) => this.budgets.count(counts, { agentId, invocationId }, resolve));
  }

  async call(one: CallLimit, agentId = 'a', invocationId = 'i'): Promise<CountResult['kind']> {
    const result = await this.count([{ limit: one, calls: 1 }], agentId, invocationId);
    if (result.kind === 'counted') result.counted.settle(true);
    return result.kind;
  }
}

async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function kindsOf(
  count: number,
  ask: (index: number) => Promise<string>,
): Promise<Record<string, number>> {
  const all = await Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
  return Object.fromEntries(
    [...new Set(all)].map((kind) => [kind, all.filter((each) => each === kind).length]),
  );
}

test('S48: two gateways let as many calls through as the window holds, and each knows when the next begins', async () => {
  const ledger = new MemoryLedger();
  const gateways = [new Gateway(ledger), new Gateway(ledger)];
  const one = limit(20);
  const kinds = await kindsOf(50, (index) => gateways[index % 2]?.call(one) ?? Promise.resolve(''));
  expect(kinds).toEqual({ counted: 20, reached: 30 });
  const refused = await gateways[0]?.count([{ limit: one, calls: 1 }]);
  expect(refused).toMatchObject({ kind: 'reached', at: 1_000_000, endsAt: 1_010_000 });
});

test('the next window has calls of its own', async () => {
  const gateway = new Gateway(new MemoryLedger());
  expect(await kindsOf(3, () => gateway.call(limit(2)))).toEqual({ counted: 2, reached: 1 });
  gateway.clock.unixMs += windowMs;
  expect(await kindsOf(3, () => gateway.call(limit(2)))).toEqual({ counted: 2, reached: 1 });
});

test('a clock that is set back meets the count it left', async () => {
  const gateway = new Gateway(new MemoryLedger());
  await gateway.call(limit(1));
  gateway.clock.unixMs += windowMs;
  gateway.budgets.tidy();
  await quiet();
  gateway.clock.unixMs -= windowMs;
  expect(await gateway.call(limit(1))).toBe('reached');
});

test.each<[CallLimit['scope'], string[]]>([
  ['PerAgent', ['counted', 'reached', 'counted', 'reached']],
  ['PerExecution', ['counted', 'counted', 'counted', 'reached']],
  ['PerRoute', ['counted', 'reached', 'reached', 'reached']],
  ['PerGateway', ['counted', 'reached', 'reached', 'reached']],
])('%s', async (scope, expected) => {
  const gateway = new Gateway(new MemoryLedger());
  const one = limit(1, { scope });
  const kinds: string[] = [];
  for (const [agent, run] of [
    ['a', 'i'],
    ['a', 'j'],
    ['b', 'k'],
    ['b', 'k'],
  ] as const) {
    kinds.push(await gateway.call(one, agent, run));
  }
  expect(kinds).toEqual(expected);
});

test('a batch fits as a whole or not at all, and takes nothing where one of its limits is reached', async () => {
  const gateway = new Gateway(new MemoryLedger());
  const [wide, narrow] = [limit(5, { account: 'wide' }), limit(2, { account: 'narrow' })];
  const both = (calls: number) => gateway.count([wide, narrow].map((each) => ({ limit: each, calls })));
  expect((await both(3)).kind).toBe('reached');
  const fits = await both(2);
  expect(fits.kind).toBe('counted');
  // Of the wide one 2 are taken, not 5.
  const rest = await gateway.count([{ limit: wide, calls: 3 }]);
  expect(rest.kind).toBe('counted');
});

test('a call that no upstream can have seen is none', async () => {
  const gateway = new Gateway(new MemoryLedger());
  const first = await gateway.count([{ limit: limit(1), calls: 1 }]);
  if (first.kind === 'counted') for (const made of [false, true]) first.counted.settle(made);
  expect(await gateway.call(limit(1))).toBe('counted');
  expect(await gateway.call(limit(1))).toBe('reached');
});

test('without the ledger what was leased is used, then calls are refused, all of them at once', async () => {
  const ledger = new MemoryLedger();
  const gateway = new Gateway(ledger);
  const one = limit(1_000);
  await gateway.call(one);
  ledger.away = true;
  const asked = ledger.asked;
  const kinds = await kindsOf(50, () => gateway.call(one));
  expect(kinds).toEqual({ counted: 10, unavailable: 40 });
  expect(ledger.asked - asked).toBeLessThan(5);
});

test('what is left of a window that is over is forgotten, and nobody is told', async () => {
  const ledger = new MemoryLedger();
  const gateway = new Gateway(ledger);
  await gateway.call(limit(1_000));
  expect(gateway.budgets.size).toBe(1);
  gateway.clock.unixMs += windowMs;
  const before = ledger.total;
  gateway.budgets.tidy();
  await quiet();
  expect(gateway.budgets.size).toBe(0);
  expect(ledger.total).toBe(before);
});

test('S54: an agent that makes counts without end keeps nobody else from being counted', async () => {
  const gateway = new Gateway(new MemoryLedger());
  const one = limit(1, { scope: 'PerExecution' });
  let kind = '';
  for (let run = 0; run <= maxAccountsOfAgent; run += 1)
    kind = await gateway.call(one, 'greedy', `run-${run}`);
  expect(kind).toBe('unavailable');
  expect(gateway.budgets.size).toBe(maxAccountsOfAgent);
  expect(await gateway.call(one, 'modest', 'run')).toBe('counted');
});

/** Its writes may stand though nobody was told, as of a ledger that went away in between. */
class FaultyLedger extends MemoryLedger {
  unanswered = false;

  override async lease(key: LedgerKey, request: Parameters<MemoryLedger['lease']>[1]): Promise<Lease> {
    const lease = await super.lease(key, request);
    return this.unanswered ? { kind: 'unavailable' } : lease;
  }
}

interface Step {
  readonly gateway: number;
  readonly agent: string;
  readonly calls: number;
  readonly jumpMs: number;
  readonly turns: number;
  readonly fault: 'away' | 'unanswered' | undefined;
  readonly made: boolean;
  readonly tidies: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  gateway: fc.nat(1),
  agent: fc.constantFrom('a', 'a', 'b'),
  calls: fc.constantFrom(1, 1, 1, 2, 5),
  jumpMs: fc.constantFrom(0, 0, 0, 700, windowMs, -windowMs, -3 * windowMs, 25 * windowMs),
  turns: fc.nat(8),
  fault: fc.constantFrom(undefined, undefined, undefined, 'away', 'unanswered'),
  made: fc.boolean(),
  tidies: fc.boolean(),
});

test('S48: whatever callers, clocks and the ledger do, no window holds more calls than its limit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom<CallLimit['scope']>('PerAgent', 'PerExecution', 'PerRoute', 'PerGateway'),
      async (steps, cap, scope) => {
        const ledger = new FaultyLedger();
        const gateways = [new Gateway(ledger), new Gateway(ledger)];
        const made = new Map<string, number>();
        ledger.turns = () => steps[ledger.asked % Math.max(1, steps.length)]?.turns ?? 1;
        const one = limit(cap, { scope });
        const run = async ({ gateway, agent, calls, jumpMs, turns, fault, made: isMade, tidies }: Step) => {
          const at = gateways[gateway];
          for (let left = turns; left > 0; left -= 1) await Promise.resolve();
          if (at === undefined) return;
          ledger.away = fault === 'away';
          ledger.unanswered = fault === 'unanswered';
          at.clock.unixMs += jumpMs;
          if (tidies) at.budgets.tidy(jumpMs !== 0);
          const caller = { agentId: agent, invocationId: `of-${agent}` };
          const { period } = placeOf(one, caller, at.clock.unixMs).key;
          const result = await at.count([{ limit: one, calls }], agent, caller.invocationId);
          for (let left = turns; left > 0; left -= 1) await Promise.resolve();
          if (result.kind !== 'counted') return;
          result.counted.settle(isMade);
          if (isMade) made.set(period, (made.get(period) ?? 0) + calls);
        };
        await Promise.all(steps.map(run));
        expect(Math.max(0, ...made.values())).toBeLessThanOrEqual(cap);
        expect(Math.max(0, ...ledger.highest.values())).toBeLessThanOrEqual(cap);
      },
    ),
    { numRuns: 300 },
  );
});

test('a count outlives its window by more than clocks differ', () => {
  const { key } = placeOf(limit(1), { agentId: 'a', invocationId: 'i' }, 0);
  expect(key.ttlMs).toBe(windowMs + budgetLedger.windowSlackMs);
});
