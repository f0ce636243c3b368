/** S57: what a tenant wrote under its own keys, read by it with another tenant's subject as where the answer goes, is nobody's word. */
import { headers, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  daemonLeaseReadSubject,
  daemonLeaseSubject,
  gatewayStatusSchema,
  ledgerReadSubject,
  ledgerSubject,
  statusBucket,
  statusKey,
  statusSubject,
  type GatewayStatus,
  type PlatformIdentity,
  type TenantIdentity,
} from '../../contract/index.ts';
import {
  connectNats,
  ensureKeyedBuckets,
  ensureNamespaceBucket,
  openStatusBucket,
  readEntry,
  StatusChannel,
  StatusView,
  writeEntry,
} from '../../process/index.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { TestNats } from './nats-server.ts';

const tenant = (role: 'worker' | 'egress', namespace: string): TenantIdentity => ({
  ...{ role, namespace, name: 'gw', uid: `${role}-${namespace}` },
});
const poolA = tenant('worker', 'team-a');
const gatewayA = tenant('egress', 'team-a');
const poolB = tenant('worker', 'team-b');
const gatewayB = tenant('egress', 'team-b');
const nats = new TestNats({ tenants: [poolA, gatewayA, poolB, gatewayB] });
const connections: NatsConnection[] = [];
const soon = { timeout: 10_000, interval: 30 };

async function as(identity: PlatformIdentity): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(identity), { name: 'test', log: silentLog });
  connections.push(connection);
  return connection;
}

const word = (address: string): string => {
  const status: GatewayStatus = {
    ...{ version: 1, role: 'egress', namespace: 'team-b', gateway: 'gw', pod: 'p', address },
    ...{ configDigest: '', draining: false, connections: 0, at: Date.now() },
  };
  return JSON.stringify(status);
};
const victim = statusKey.gateway('team-b', 'gw', 'p');
const genuine = '127.0.0.1:1';

beforeAll(async () => {
  await nats.start();
  const operator = await as({ role: 'operator' });
  await openStatusBucket(operator);
  await ensureKeyedBuckets(operator);
  await ensureNamespaceBucket(operator, 'budgets', 'team-a');
  await ensureNamespaceBucket(operator, 'leases', 'team-a');
  await ensureNamespaceBucket(operator, 'leases', 'team-b');
}, 60_000);

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

test.each([
  ['a pool reads a lease', poolA, daemonLeaseSubject('team-a.x'), daemonLeaseReadSubject('team-a.x')],
  ['a gateway reads a budget', gatewayA, ledgerSubject('team-a.x'), ledgerReadSubject('team-a.x')],
])('S57: %s, answered to a worker of another: it keeps its gateway', async (_name, identity, own, read) => {
  const listening = await as(poolB);
  const arrived: string[] = [];
  listening.subscribe(`${statusSubject}.egress.team-b.>`, {
    callback: (_error, message) => arrived.push(message.string()),
  });
  const view = new StatusView(new StatusChannel(listening), 'egress.team-b.', gatewayStatusSchema, {
    now: Date.now,
  });
  await listening.flush();
  const gateway = new StatusChannel(await as(gatewayB));
  await gateway.put(victim, word(genuine));
  await vi.waitFor(() => expect(view.live()).toMatchObject([{ address: genuine }]), soon);

  const evil = await as(identity);
  const { sequence = 0 } = (await readEntry(evil, read)) ?? {};
  expect((await writeEntry(evil, own, { text: word('6.6.6.6:666'), sequence })).kind).toBe('written');
  const reply = `${statusSubject}.${victim}`;
  const questions = [
    '',
    '{"no_hdr":true}',
    '{"batch":2}',
    JSON.stringify({ last_by_subj: own, no_hdr: true }),
  ];
  for (const question of questions) evil.publish(read, question, { reply });
  // As a deletion, too.
  const deleted = headers();
  deleted.set('KV-Operation', 'DEL');
  expect(
    (await evil.jetstream().publish(own, word('6.6.6.6:666'), { headers: deleted })).seq,
  ).toBeGreaterThan(0);
  evil.publish(read, '', { reply });
  // The server hands it over, which is why it must be told apart here.
  await vi.waitFor(() => expect(arrived.some((text) => text.includes('6.6.6.6'))).toBe(true), soon);
  await readEntry(evil, read);
  await listening.flush();
  expect(view.live()).toMatchObject([{ address: genuine }]);
  // Nor does it reach the bucket.
  const kv = await (
    await as({ role: 'operator' })
  )
    .jetstream()
    .views.kv(statusBucket.name, { ttl: statusBucket.ttlMs });
  expect((await kv.get(victim))?.string()).toContain(genuine);
});

test('S57: what a pool fills with junk is its own namespace’s: others renew', async () => {
  const [evil, other] = [await as(poolA), await as(poolB)];
  const put = async (key: string, bytes: number): Promise<string> =>
    (await writeEntry(evil, daemonLeaseSubject(`team-a.${key}`), { text: 'x'.repeat(bytes), sequence: 0 }))
      .kind;
  expect(await put('large', 9_000)).toBe('lost');
  let full = false;
  for (let nth = 0; nth < 200 && !full; nth += 1) full = (await put(`junk-${nth}`, 8_000)) === 'lost';
  expect(full).toBe(true);
  const key = daemonLeaseSubject('team-b.u');
  const first = await writeEntry(other, key, { text: 'mine', sequence: 0 });
  expect(first.kind).toBe('written');
  const sequence = first.kind === 'written' ? first.sequence : 0;
  expect((await writeEntry(other, key, { text: 'mine still', sequence })).kind).toBe('written');
  expect(await readEntry(other, daemonLeaseReadSubject('team-b.u'))).toMatchObject({ text: 'mine still' });
  // Nor is another's read.
  expect(await readEntry(evil, daemonLeaseReadSubject('team-b.u'))).toBeUndefined();
});
