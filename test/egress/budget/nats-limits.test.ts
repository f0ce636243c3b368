/** Limits of calls counted in a real nats-server by two gateways that speak as themselves, while it is killed and comes again. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CallLimit } from '../../../contract/index.ts';
import { Budgets, type CountResult } from '../../../egress/budget/budgets.ts';
import type { NatsLedger } from '../../../egress/budget/nats-ledger.ts';
import { NatsGateways } from './nats-gateways.ts';

const soon = { timeout: 30_000, interval: 30 };
const nats = new NatsGateways();
const limit: CallLimit = { account: 'rate/team-a/slow', calls: 30, windowMs: 60_000, scope: 'PerAgent' };

class Gateway {
  readonly budgets: Budgets;
  unixMs = 0;

  constructor(ledger: NatsLedger) {
    this.budgets = new Budgets({ ledger, now: () => Date.now(), unixMs: () => this.unixMs });
  }

  async call(): Promise<CountResult['kind']> {
    const result = await new Promise<CountResult>((resolve) =>
      this.budgets.count([{ limit, calls: 1 }], { agentId: 'a', invocationId: 'i' }, resolve),
    );
    if (result.kind === 'counted') result.counted.settle(true);
    return result.kind;
  }
}

async function gateway(name: 'one' | 'two'): Promise<Gateway> {
  return new Gateway(await nats.ledger(name));
}

beforeAll(() => nats.start(), 60_000);
afterAll(() => nats.stop());

test('S48: two gateways and a killed NATS let no more calls through than the window holds, and in the end all of them', async () => {
  const gateways = [await gateway('one'), await gateway('two')];
  let counted = 0;
  const call = async (index: number): Promise<string> => {
    const kind = (await gateways[index % 2]?.call()) ?? '';
    if (kind === 'counted') counted += 1;
    return kind;
  };
  await Promise.all(Array.from({ length: 10 }, (_, index) => call(index)));
  expect(counted).toBe(10);
  const during = Array.from({ length: 40 }, (_, index) => call(index));
  await nats.killAndStart();
  await Promise.all(during);
  await vi.waitFor(async () => {
    for (const each of gateways) each.budgets.tidy(true);
    expect([await call(0), await call(1)]).toEqual(['reached', 'reached']);
  }, soon);
  expect(counted).toBeLessThanOrEqual(30);
  // A write that nobody answered may have taken a call with it.
  expect(counted).toBeGreaterThanOrEqual(25);
  const before = counted;
  for (const each of gateways) each.unixMs = 60_000;
  const next = await Promise.all(Array.from({ length: 60 }, (_, index) => call(index)));
  expect(next.filter((kind) => kind === 'counted')).toHaveLength(counted - before);
  expect(counted - before).toBe(30);
}, 120_000);
