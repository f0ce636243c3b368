/** Two workers of a pool, with the rights a pool has, a real JetStream, and one daemon. */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  daemonLeaseKey,
  daemonLeaseReadSubject,
  daemonLeaseSubject,
  newDaemonLease,
  parseDaemonLease,
  type TenantIdentity,
} from '../../../contract/index.ts';
import { connectNats, ensureNamespaceBucket, readEntry, writeEntry } from '../../../process/index.ts';
import { natsLeases } from '../../../worker/daemon/nats-leases.ts';
import { TestNats } from '../../process/nats-server.ts';
import { silentLog } from '../../telemetry/embedded.ts';
import { LeaseBed, want } from './lease-bed.ts';

const pool: TenantIdentity = { role: 'worker', namespace: 'team-a', name: 'main', uid: 'u-a' };
const other: TenantIdentity = { role: 'worker', namespace: 'team-b', name: 'main', uid: 'u-b' };
const nats = new TestNats({ tenants: [pool, other] });
const connections: NatsConnection[] = [];
const bed = new LeaseBed();
const key = daemonLeaseKey({ namespace: 'team-a', uid: 'u' });
let operator: NatsConnection;

async function connect(identity: Parameters<TestNats['accessOf']>[0]): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(identity), { name: randomUUID(), log: silentLog });
  connections.push(connection);
  return connection;
}

beforeAll(async () => {
  await nats.start();
  operator = await connect({ role: 'operator' });
  await ensureNamespaceBucket(operator, 'leases', 'team-a');
  // As the operator does before any worker knows the agent.
  const entry = { text: JSON.stringify(newDaemonLease), sequence: 0 };
  expect((await writeEntry(operator, daemonLeaseSubject(key), entry)).kind).toBe('written');
}, 60_000);

afterAll(async () => {
  bed.close();
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

test('one of two workers runs it at once; drained, the other does within seconds', async () => {
  const [first, second] = [await connect(pool), await connect(pool)];
  const keepers = {
    w1: bed.keep(
      'w1',
      natsLeases(() => first),
    ),
    w2: bed.keep(
      'w2',
      natsLeases(() => second),
    ),
  };
  await expect.poll(() => bed.living.size, { timeout: 5_000, interval: 20 }).toBe(1);
  const [holder = 'w1'] = bed.workers;
  keepers[holder as 'w1' | 'w2'].want(want('r1', { stop: 'HandedOver' }));
  await expect
    .poll(() => bed.workers, { timeout: 8_000, interval: 20 })
    .toEqual([holder === 'w1' ? 'w2' : 'w1']);
  expect(bed.stopped).toEqual(['HandedOver']);
  expect(bed.most).toBe(1);
}, 30_000);

test('one that was lost is followed by another when its lease has run out, and not before', async () => {
  const [lost] = [...bed.living];
  // As a worker whose machine is gone: nothing renews, nothing releases.
  const survivor = await connect(pool);
  bed.close();
  const before = Date.now();
  await writeEntry(await connect(pool), daemonLeaseSubject(key), {
    text: JSON.stringify({ ...(await record()), holder: { worker: 'gone', id: 'gone' }, run: lost?.run }),
    sequence: (await readEntry(survivor, daemonLeaseReadSubject(key)))?.sequence ?? 0,
  });
  bed.living.clear();
  bed.keep(
    'w3',
    natsLeases(() => survivor),
  );
  await expect.poll(() => bed.workers, { timeout: 60_000, interval: 50 }).toEqual(['w3']);
  expect(Date.now() - before).toBeGreaterThan(29_000);
  expect(bed.closed).toEqual([lost?.run.id]);
}, 90_000);

test('S57: a pool of another namespace can neither read nor write a lease', async () => {
  const thief = natsLeases(() => thiefs);
  const thiefs = await connect(other);
  expect(await thief.read(key)).toBeUndefined();
  expect((await thief.write(key, JSON.stringify(newDaemonLease), 0)).kind).toBe('unknown');
});

async function record() {
  const connection = connections.at(-1);
  const entry = await readEntry(
    connection === undefined ? operator : await connect(pool),
    daemonLeaseReadSubject(key),
  );
  const lease = parseDaemonLease(entry?.text);
  if (lease === undefined) throw new Error('no lease');
  return lease;
}
