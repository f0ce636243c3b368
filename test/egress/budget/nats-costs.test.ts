/** Money counted in a real nats-server by two gateways that speak as themselves, while it is killed and comes again. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { NanoUsd } from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import { Budgets, type Reserved } from '../../../egress/budget/budgets.ts';
import { NatsGateways } from './nats-gateways.ts';

const soon = { timeout: 30_000, interval: 30 };
const nats = new NatsGateways();
const usd = (nanos: number): NanoUsd => nanos as NanoUsd;
/** Fifty dollars; a call costs one at most and a third of it in the end. */
const [cap, promised, cost] = [50_000_000_000, 1_000_000_000, 333_333_333];
const budget: Budget = {
  limits: [],
  costs: [{ period: 'day', account: 'a', nanoUsd: usd(cap) }],
  maxOutputTokens: undefined,
};

async function gateway(name: 'one' | 'two'): Promise<Budgets> {
  const ledger = await nats.ledger(name);
  return new Budgets({ ledger, now: () => Date.now(), unixMs: () => Date.UTC(2026, 10, 27) });
}

beforeAll(() => nats.start(), 60_000);
afterAll(() => nats.stop());

test('S48: two gateways and a killed NATS spend no more than the money there is, and all but what lost writes took', async () => {
  const gateways = [await gateway('one'), await gateway('two')];
  let spent = 0;
  const call = async (index: number): Promise<string> => {
    const asked = { least: usd(cost), most: usd(promised) };
    const caller = { agentId: 'a', invocationId: 'i', least: 1, most: 1, cost: asked };
    const reserved = await new Promise<Reserved>((resolve) =>
      gateways[index % 2]?.reserve(budget, caller, resolve),
    );
    if (reserved.kind !== 'reserved') return reserved.kind;
    spent += cost;
    reserved.reservation.settle(0, usd(cost));
    return reserved.kind;
  };
  const first = await Promise.all(Array.from({ length: 20 }, (_, index) => call(index)));
  expect(new Set(first)).toEqual(new Set(['reserved']));
  const during = Array.from({ length: 40 }, (_, index) => call(index));
  await nats.killAndStart();
  await Promise.all(during);
  await vi.waitFor(async () => {
    for (const each of gateways) each.tidy(true);
    expect([await call(0), await call(1)]).toEqual(['spent', 'spent']);
  }, soon);
  expect(spent).toBeLessThanOrEqual(cap);
  // A write that nobody answered may have taken what was asked for with it.
  expect(spent).toBeGreaterThan(cap / 3);
}, 120_000);
