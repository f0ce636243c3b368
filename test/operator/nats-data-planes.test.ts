import { afterEach, expect, test, vi } from 'vitest';
import {
  daemonLeaseReadSubject,
  formerStreams,
  ledgerReadSubject,
  scheduleStream,
  statusKey,
  type TenantIdentity,
} from '../../contract/index.ts';
import { NatsDataPlanes } from '../../operator/nats-data-planes.ts';
import { connectNats, createLog, openStatusBucket, readEntry } from '../../process/index.ts';
import { TestNats } from '../process/nats-server.ts';
import { freePort } from './control-plane.ts';

const log = createLog('operator', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 20_000, interval: 50 };
const closing: Array<() => Promise<void>> = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test('NATS that comes after the operator is found, with the access of that time', async () => {
  const nats = new TestNats();
  let access = { ...nats.accessOf({ role: 'operator' }), url: `nats://127.0.0.1:${await freePort()}` };
  let attempts = 0;
  let changes = 0;
  const end = new AbortController();
  const dataPlanes = new NatsDataPlanes();
  const following = dataPlanes.follow({
    access: () => {
      attempts += 1;
      return access;
    },
    log,
    signal: end.signal,
    onChange: () => (changes += 1),
    onRefused: () => undefined,
  });
  closing.push(async () => await nats[Symbol.asyncDispose]());
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(1), soon);
  expect(dataPlanes.ingresses()).toEqual([]);
  expect(changes).toBe(0);
  await nats.start();
  access = nats.accessOf({ role: 'operator' });
  const connection = await connectNats(nats.access, { name: 'test', log });
  closing.push(async () => await connection.close());
  const bucket = await openStatusBucket(connection);
  const word = {
    version: 1,
    role: 'ingress',
    namespace: 'clrk-system',
    pod: 'i',
    address: '127.0.0.1:1',
    configDigest: '',
    draining: false,
    at: Date.now(),
  };
  await bucket.put(statusKey.ingress('clrk-system', 'i'), JSON.stringify(word));
  await vi.waitFor(() => expect(dataPlanes.ingresses()).toMatchObject([{ pod: 'i' }]), soon);
  expect(changes).toBeGreaterThan(0);
  end.abort();
  await following;
});

test('a NATS that comes back without its disk has the bucket of schedules again', async () => {
  const nats = new TestNats();
  closing.push(async () => await nats[Symbol.asyncDispose]());
  await nats.start();
  const end = new AbortController();
  const following = new NatsDataPlanes().follow({
    access: () => nats.accessOf({ role: 'operator' }),
    log,
    signal: end.signal,
    onChange: () => undefined,
    onRefused: () => undefined,
  });
  const connection = await connectNats(nats.accessOf({ role: 'operator' }), { name: 'test', log });
  closing.push(async () => await connection.close());
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  const found = async (): Promise<void> => {
    expect((await streams.info(scheduleStream)).config.name).toBe(scheduleStream);
  };
  await vi.waitFor(found, soon);
  await nats.startEmpty();
  await vi.waitFor(found, { ...soon, timeout: 60_000 });
  end.abort();
  await following;
}, 90_000);

const placeOf = {
  leases: { role: 'worker', keep: 'keepDaemons', read: daemonLeaseReadSubject },
  budgets: { role: 'egress', keep: 'keepBudgets', read: ledgerReadSubject },
} as const;

test.each(['leases', 'budgets'] as const)(
  'a namespace has a place for its %s: before NATS, while it is there, and after its disk is lost',
  async (of) => {
    const { role, keep, read } = placeOf[of];
    const tenants = ['early', 'late'].map((namespace): TenantIdentity => ({
      ...{ role, namespace, name: 'main', uid: namespace },
    }));
    const nats = new TestNats({ tenants });
    closing.push(async () => await nats[Symbol.asyncDispose]());
    await nats.start();
    const end = new AbortController();
    const dataPlanes = new NatsDataPlanes();
    await dataPlanes[keep]('early');
    const following = dataPlanes.follow({
      access: () => nats.accessOf({ role: 'operator' }),
      log,
      signal: end.signal,
      onChange: () => undefined,
      onRefused: () => undefined,
    });
    const found = async (namespace: string): Promise<void> => {
      const tenant = tenants.find((one) => one.namespace === namespace) ?? { role: 'ingress' };
      const connection = await connectNats(nats.accessOf(tenant), { name: 'test', log });
      const entry = await readEntry(connection, read(`${namespace}.none`));
      await connection.close();
      expect(entry).toEqual({ sequence: 0 });
    };
    await vi.waitFor(() => found('early'), soon);
    await expect(found('late')).rejects.toThrow();
    await dataPlanes[keep]('late');
    await found('late');
    await nats.startEmpty();
    for (const namespace of ['early', 'late']) {
      await vi.waitFor(() => found(namespace), { ...soon, timeout: 60_000 });
    }
    end.abort();
    await following;
  },
  120_000,
);

test('what all namespaces shared in former versions is gone after the upgrade', async () => {
  const nats = new TestNats();
  closing.push(async () => await nats[Symbol.asyncDispose]());
  await nats.start();
  const operator = nats.accessOf({ role: 'operator' });
  const connection = await connectNats(operator, { name: 'test', log });
  closing.push(async () => await connection.close());
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  // Making one again is refused while there is one with another configuration.
  const make = async (name: string, description: string): Promise<unknown> =>
    await streams.add({ name, description, subjects: [`$KV.${name.slice('KV_'.length)}.>`] });
  for (const name of formerStreams) await make(name, 'of before');
  await expect(make(formerStreams[0], 'another')).rejects.toThrow();
  const end = new AbortController();
  const following = new NatsDataPlanes().follow({
    ...{ access: () => operator, log, signal: end.signal },
    ...{ onChange: () => undefined, onRefused: () => undefined },
  });
  for (const name of formerStreams) await vi.waitFor(() => make(name, 'another'), soon);
  end.abort();
  await following;
});

test('an operator that ends while NATS is away ends at once', async () => {
  const url = `nats://127.0.0.1:${await freePort()}`;
  const end = new AbortController();
  const onChange = vi.fn<() => void>();
  const following = new NatsDataPlanes().follow({
    access: () => ({ ...new TestNats().access, url }),
    log,
    signal: end.signal,
    onChange,
    onRefused: () => undefined,
  });
  end.abort();
  await following;
  expect(onChange).not.toHaveBeenCalled();
});
