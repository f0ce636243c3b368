/** Money counted in a real nats-server by two gateways that speak as themselves, while it is killed and comes again. */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { NanoUsd, TenantIdentity } from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import { Budgets, type Reserved } from '../../../egress/budget/budgets.ts';
import { NatsLedger } from '../../../egress/budget/nats-ledger.ts';
import { connectNats, createLog, ensureNamespaceBucket } from '../../../process/index.ts';
import { TestNats } from '../../process/nats-server.ts';

const log = createLog('egress', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 30_000, interval: 30 };
const tenantOf = (name: string): TenantIdentity => ({
  role: 'egress',
  namespace: 'team-a',
  name,
  uid: `u-${name}`,
});
const nats = new TestNats({ tls: true, tenants: ['one', 'two'].map(tenantOf) });
const connections: NatsConnection[] = [];
const usd = (nanos: number): NanoUsd => nanos as NanoUsd;
/** Fifty dollars; a call costs one at most and a third of it in the end. */
const [cap, promised, cost] = [50_000_000_000, 1_000_000_000, 333_333_333];
const budget: Budget = {
  limits: [],
  costs: [{ period: 'day', account: 'a', nanoUsd: usd(cap) }],
  maxOutputTokens: undefined,
};

async function gateway(name: string): Promise<Budgets> {
  const connection = await connectNats(nats.accessOf(tenantOf(name)), { name: 'test', log });
  connections.push(connection);
  const ledger = new NatsLedger('team-a', () => connection);
  return new Budgets({ ledger, now: () => Date.now(), unixMs: () => Date.UTC(2026, 10, 27) });
}

beforeAll(async () => {
  await nats.start();
  const operator = await connectNats(nats.accessOf({ role: 'operator' }), { name: 'test', log });
  connections.push(operator);
  await ensureNamespaceBucket(operator, 'budgets', 'team-a');
}, 60_000);

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

test('S48: two gateways and a killed NATS spend no more than the money there is, and in the end nearly all of it', async () => {
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
  await nats.kill();
  await nats.start();
  await Promise.all(during);
  await vi.waitFor(async () => {
    for (const each of gateways) each.tidy(true);
    expect([await call(0), await call(1)]).toEqual(['spent', 'spent']);
  }, soon);
  expect(spent).toBeLessThanOrEqual(cap);
  // A write that nobody answered may have taken what was asked for with it.
  expect(spent).toBeGreaterThan(cap / 3);
}, 120_000);
