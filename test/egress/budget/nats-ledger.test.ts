/** Budgets counted in a real nats-server, by gateways that speak as themselves: at once, over a restart, and against a neighbour. */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  budgetLedger,
  ledgerKey,
  ledgerReadSubject,
  ledgerStream,
  ledgerSubject,
  type PlatformIdentity,
  type TenantIdentity,
} from '../../../contract/index.ts';
import type { Budget } from '../../../decision/index.ts';
import { Budgets, type Reserved } from '../../../egress/budget/budgets.ts';
import { NatsLedger } from '../../../egress/budget/nats-ledger.ts';
import { connectNats, createLog, ensureNamespaceBucket, writeEntry } from '../../../process/index.ts';
import { TestNats } from '../../process/nats-server.ts';

const log = createLog('egress', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 30_000, interval: 30 };
const tenantOf = (namespace: string, name = 'gw'): TenantIdentity => ({
  role: 'egress',
  namespace,
  name,
  uid: `u-${namespace}-${name}`,
});
const several = Array.from({ length: 6 }, (_, index) => `gw-${index}`);
const nats = new TestNats({
  tls: true,
  tenants: [tenantOf('team-b'), ...['gw', 'one', 'two', ...several].map((name) => tenantOf('team-a', name))],
});
const connections: NatsConnection[] = [];

async function as(identity: PlatformIdentity): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(identity), { name: 'test', log });
  connections.push(connection);
  return connection;
}

const gateway = (namespace: string, name = 'gw'): Promise<NatsConnection> => as(tenantOf(namespace, name));

beforeAll(async () => {
  await nats.start();
  for (const namespace of ['team-a', 'team-b']) {
    await ensureNamespaceBucket(await as({ role: 'operator' }), 'budgets', namespace);
  }
}, 60_000);

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

const key = (account: string) => ({ account, period: 'day/2026-11-27' });

async function takenOf(connection: NatsConnection, namespace: string, account: string): Promise<number> {
  const subject = ledgerReadSubject(ledgerKey(namespace, key(account)));
  const answer = await connection.request(subject, undefined, { timeout: 5_000 });
  return answer.headers?.code === 404 ? 0 : answer.json<{ taken: number }>().taken;
}

describe('one key', () => {
  test('is leased, given back and charged', async () => {
    const connection = await gateway('team-a');
    const ledger = new NatsLedger('team-a', () => connection);
    expect(await ledger.lease(key('one'), { cap: 100, least: 10, most: 60 })).toEqual({
      kind: 'leased',
      tokens: 60,
      taken: 60,
    });
    expect(await ledger.lease(key('one'), { cap: 100, least: 10, most: 60 })).toEqual({
      kind: 'leased',
      tokens: 40,
      taken: 100,
    });
    expect(await ledger.lease(key('one'), { cap: 100, least: 1, most: 1 })).toEqual({
      kind: 'spent',
      left: 0,
    });
    expect(await ledger.adjust(key('one'), -30)).toEqual([]);
    expect(await ledger.lease(key('one'), { cap: 100, least: 31, most: 40 })).toEqual({
      kind: 'spent',
      left: 30,
    });
    expect(await ledger.adjust(key('one'), 500)).toEqual([]);
    expect(await takenOf(connection, 'team-a', 'one')).toBe(570);
  });

  test('of an execution is leased as of a day', async () => {
    const connection = await gateway('team-a');
    const ledger = new NatsLedger('team-a', () => connection);
    const run = { account: 'one', period: 'run/inv-1', ttlMs: 60_000 };
    expect(await ledger.lease(run, { cap: 100, least: 10, most: 60 })).toEqual({
      kind: 'leased',
      tokens: 60,
      taken: 60,
    });
    expect(await ledger.lease(run, { cap: 100, least: 50, most: 60 })).toEqual({ kind: 'spent', left: 40 });
  });

  test('that cannot be reached is unavailable, and changed by nobody', async () => {
    const ledger = new NatsLedger('team-a', () => undefined);
    expect(await ledger.lease(key('none'), { cap: 9, least: 1, most: 1 })).toEqual({ kind: 'unavailable' });
    expect(await ledger.adjust(key('none'), -1)).toBe(false);
  });
});

test('S48: six gateways that lease at once take all of it and no more', async () => {
  const all = await Promise.all(several.map((name) => gateway('team-a', name)));
  const ledgers = all.map((connection) => new NatsLedger('team-a', () => connection));
  const leases = await Promise.all(
    ledgers.flatMap((ledger) =>
      Array.from({ length: 10 }, () => ledger.lease(key('crowd'), { cap: 1_000, least: 20, most: 20 })),
    ),
  );
  const tokens = leases.reduce((sum, lease) => sum + (lease.kind === 'leased' ? lease.tokens : 0), 0);
  expect(tokens).toBe(1_000);
  expect(await takenOf(all[0] ?? (await gateway('team-a')), 'team-a', 'crowd')).toBe(1_000);
}, 60_000);

test('S57: a gateway counts the budgets of its own namespace alone', async () => {
  const victim = await gateway('team-a');
  await new NatsLedger('team-a', () => victim).lease(key('mine'), { cap: 100, least: 50, most: 50 });
  const thief = await gateway('team-b');
  const foreign = new NatsLedger('team-a', () => thief);
  expect(await foreign.lease(key('mine'), { cap: 100, least: 1, most: 1 })).toEqual({ kind: 'unavailable' });
  expect(await foreign.adjust(key('mine'), -50)).toBe(false);
  await expect(
    thief.request(ledgerSubject(ledgerKey('team-a', key('mine'))), '{}', { timeout: 500 }),
  ).rejects.toThrow();
  expect(await takenOf(victim, 'team-a', 'mine')).toBe(50);
});

test('S57: a gateway that fills its namespace’s counts stops no other budget', async () => {
  const evil = await gateway('team-b');
  const put = async (name: string, text: string): Promise<string> =>
    (await writeEntry(evil, ledgerSubject(`team-b.${name}`), { text, sequence: 0 })).kind;
  expect(await put('large', 'x'.repeat(budgetLedger.maxRecordBytes))).toBe('lost');
  // The subject takes room too.
  const [long, junk] = ['x'.repeat(3_000), 'x'.repeat(900)];
  let full = false;
  for (let nth = 0; nth < budgetLedger.maxBytes / 3_900 && !full; nth += 500) {
    const puts = Array.from({ length: 500 }, (_, index) => put(`${long}.${nth + index}`, junk));
    full = (await Promise.all(puts)).includes('lost');
  }
  expect(full).toBe(true);
  for (let nth = 0; (await put(`small.${nth}`, 'x')) !== 'lost'; nth += 1) expect(nth).toBeLessThan(1_000);
  const own = new NatsLedger('team-b', () => evil);
  expect(await own.lease(key('new'), { cap: 9, least: 1, most: 1 })).toEqual({ kind: 'unavailable' });
  const neighbour = await gateway('team-a');
  const ledger = new NatsLedger('team-a', () => neighbour);
  expect(await ledger.lease(key('new'), { cap: 9, least: 1, most: 4 })).toEqual({
    kind: 'leased',
    tokens: 4,
    taken: 4,
  });
}, 120_000);

test.each([
  `$JS.API.STREAM.PURGE.${ledgerStream('team-b')}`,
  `$JS.API.STREAM.DELETE.${ledgerStream('team-b')}`,
  `$JS.API.STREAM.MSG.GET.${ledgerStream('team-b')}`,
  `$JS.API.CONSUMER.CREATE.${ledgerStream('team-b')}`,
])('S57: a gateway cannot ask %s', async (subject) => {
  const connection = await gateway('team-b');
  await expect(connection.request(subject, '{}', { timeout: 500 })).rejects.toThrow();
});

const day = (tokens: number, account: string): Budget => ({
  limits: [{ period: 'day', account, tokens }],
  maxOutputTokens: undefined,
});

test('S48: two gateways, one killed, NATS restarted in the middle: never more than the budget, and the rest comes back', async () => {
  const one = await gateway('team-a', 'one');
  const two = await gateway('team-a', 'two');
  const now = () => Date.UTC(2026, 10, 27, 12);
  const open = (connection: NatsConnection) =>
    new Budgets({ ledger: new NatsLedger('team-a', () => connection), now });
  const killed = open(one);
  const alive = open(two);
  const budget = day(10_000, 'restart');
  let used = 0;
  const call = async (budgets: Budgets): Promise<Reserved['kind']> => {
    const reserved = await new Promise<Reserved>((resolve) =>
      budgets.reserve(budget, { agentId: 'a', invocationId: 'i', least: 60, most: 100 }, resolve),
    );
    if (reserved.kind !== 'reserved') return reserved.kind;
    used += 50;
    reserved.reservation.settle(50);
    return reserved.kind;
  };
  await Promise.all(Array.from({ length: 20 }, () => call(killed)));
  // Under way when it dies: nobody will settle it.
  await new Promise<Reserved>((resolve) =>
    killed.reserve(budget, { agentId: 'a', invocationId: 'i', least: 500, most: 500 }, resolve),
  );
  await one.close();
  const during = Array.from({ length: 50 }, () => call(alive));
  await nats.kill();
  await nats.start();
  await Promise.all(during);
  // To the end, by whoever is left.
  await vi.waitFor(async () => {
    alive.tidy(true);
    let kind: string = await call(alive);
    while (kind === 'reserved') kind = await call(alive);
    expect(kind).toBe('spent');
  }, soon);
  await vi.waitFor(() => {
    alive.tidy(true);
    expect(alive.size).toBe(0);
  }, soon);
  const taken = await takenOf(two, 'team-a', 'restart');
  expect(used).toBeLessThanOrEqual(10_000);
  expect(taken).toBeLessThanOrEqual(10_000);
  // What the killed one held stays taken: the call it had promised for, what its calls asked for and did not use, its slice.
  expect(taken - used).toBeGreaterThanOrEqual(500);
  expect(taken - used).toBeLessThanOrEqual(500 + 20 * 50 + 10_000 / 100);
}, 120_000);
