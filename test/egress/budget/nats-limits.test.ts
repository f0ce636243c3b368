/** Limits of calls counted in a real nats-server by two gateways that speak as themselves, while it is killed and comes again. */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CallLimit, TenantIdentity } from '../../../contract/index.ts';
import { Budgets, type CountResult } from '../../../egress/budget/budgets.ts';
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
const limit: CallLimit = { account: 'rate/team-a/slow', calls: 30, windowMs: 60_000, scope: 'PerAgent' };

class Gateway {
  readonly budgets: Budgets;
  unixMs = 0;

  constructor(connection: NatsConnection) {
    const ledger = new NatsLedger('team-a', () => connection);
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

async function gateway(name: string): Promise<Gateway> {
  const connection = await connectNats(nats.accessOf(tenantOf(name)), { name: 'test', log });
  connections.push(connection);
  return new Gateway(connection);
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
  await nats.kill();
  await nats.start();
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
