/** The rights of every identity on a real nats-server: what each must be able to do, and what it must not. */
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { connect, headers, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  gatewayStatusSchema,
  daemonLeaseStream,
  daemonLeaseSubject,
  inboxOf,
  invocationStream,
  resultReadSubject,
  resultStream,
  resultSubject,
  scheduleMarkSubject,
  scheduleStream,
  statusBucket,
  statusKey,
  statusSubject,
  workerStatusSchema,
  type GatewayStatus,
  type PlatformIdentity,
  type TenantIdentity,
} from '../../contract/index.ts';
import {
  connectNats,
  createLog,
  ensureKeyedBuckets,
  ensureNamespaceBucket,
  openStatusBucket,
  StatusChannel,
  StatusView,
} from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from './nats-server.ts';

const log = createLog('ingress', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 10_000, interval: 30 };
const connections: NatsConnection[] = [];

const poolA: TenantIdentity = { role: 'worker', namespace: 'team-a', name: 'main', uid: 'u-a' };
const poolB: TenantIdentity = { role: 'worker', namespace: 'team-b', name: 'main', uid: 'u-b' };
const gatewayA: TenantIdentity = { role: 'egress', namespace: 'team-a', name: 'gw', uid: 'u-ga' };
const gatewayB: TenantIdentity = { role: 'egress', namespace: 'team-b', name: 'gw', uid: 'u-gb' };

const nats = new TestNats({ tls: true, tenants: [poolA, poolB, gatewayA, gatewayB] });

async function as(identity: PlatformIdentity): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(identity), { name: 'test', log });
  connections.push(connection);
  return connection;
}

/** Publishes and says whether JetStream took it. */
async function publish(identity: PlatformIdentity, subject: string, payload = 'x'): Promise<string> {
  const connection = await as(identity);
  return await connection
    .jetstream()
    .publish(subject, payload, { timeout: 1_000 })
    .then(
      (ack) => ack.stream,
      () => 'refused',
    );
}

const call = (namespace: string) => ({ namespace, uid: 'u', id: 'i' });

const events = (namespace: string, writer: string): string =>
  `clrk.invocations.${namespace}.${writer}.TaskAgent.payroll`;

beforeAll(async () => {
  await nats.start();
  await openStatusBucket(await as({ role: 'operator' }));
  await ensureKeyedBuckets(await as({ role: 'operator' }));
  await ensureNamespaceBucket(await as({ role: 'operator' }), 'leases', 'team-a');
  await ensureNamespaceBucket(await as({ role: 'operator' }), 'leases', 'team-b');
  await ensureNamespaceBucket(await as({ role: 'operator' }), 'results', 'team-a');
  await ensureInvocationStream(await as({ role: 'telemetry' }));
}, 60_000);

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

describe('who may publish what', () => {
  const stream = invocationStream.name;
  const bucket = `KV_${statusBucket.name}`;
  const status = (key: string): string => `${statusSubject}.${key}`;
  test.each<[string, PlatformIdentity, string, string]>([
    ['a pool its own events', poolA, events('team-a', 'main'), stream],
    ['a pool its own status', poolA, status(statusKey.worker('team-a', 'main', 'p')), bucket],
    ['a gateway its own status', gatewayA, status(statusKey.gateway('team-a', 'gw', 'p')), bucket],
    ['the ingress events of every agent', { role: 'ingress' }, events('team-b', '_ingress'), stream],
    ['telemetry closes what is lost', { role: 'telemetry' }, events('team-b', '_telemetry'), stream],
    ['the ingress marks of schedules', { role: 'ingress' }, scheduleMarkSubject('team-b.u'), scheduleStream],
    ['S57: a pool marks of schedules', poolA, scheduleMarkSubject('team-a.u'), 'refused'],
    ['S57: a gateway marks of schedules', gatewayA, scheduleMarkSubject('team-a.u'), 'refused'],
    ['a pool leases of its namespace', poolA, daemonLeaseSubject('team-a.u'), daemonLeaseStream('team-a')],
    [
      'the operator leases',
      { role: 'operator' },
      daemonLeaseSubject('team-a.v'),
      daemonLeaseStream('team-a'),
    ],
    [
      'the ingress results',
      { role: 'ingress' },
      resultSubject(call('team-a'), 'result'),
      resultStream('team-a'),
    ],
    ['S57: a pool results of its namespace', poolA, resultSubject(call('team-a'), 'result'), 'refused'],
    ['S57: a gateway results', gatewayA, resultSubject(call('team-a'), 'mark'), 'refused'],
    ['telemetry results', { role: 'telemetry' }, resultSubject(call('team-a'), 'mark'), 'refused'],
    ['the operator results', { role: 'operator' }, resultSubject(call('team-a'), 'mark'), 'refused'],
    ['S57: a pool leases of another namespace', poolA, daemonLeaseSubject('team-b.u'), 'refused'],
    ['S57: a gateway leases', gatewayA, daemonLeaseSubject('team-a.u'), 'refused'],
    ['the ingress leases', { role: 'ingress' }, daemonLeaseSubject('team-a.u'), 'refused'],
    ['telemetry marks of schedules', { role: 'telemetry' }, scheduleMarkSubject('team-a.u'), 'refused'],
    ['S57: a pool events of another namespace', poolA, events('team-b', 'main'), 'refused'],
    ['S57: a pool events of another pool', poolA, events('team-a', 'other'), 'refused'],
    ['S57: a pool events as the ingress', poolA, events('team-a', '_ingress'), 'refused'],
    ['S57: a pool status of another pool', poolA, status(statusKey.worker('team-b', 'main', 'p')), 'refused'],
    ['S57: a pool status of a neighbour', poolA, status(statusKey.worker('team-a', 'main2', 'p')), 'refused'],
    ['S57: a pool status of its gateway', poolA, status(statusKey.gateway('team-a', 'gw', 'p')), 'refused'],
    ['S57: a pool status of the ingress', poolA, status(statusKey.ingress('clrk-system', 'p')), 'refused'],
    ['S57: a gateway events', gatewayA, events('team-a', 'main'), 'refused'],
    ['S57: a gateway status of another', gatewayA, status(statusKey.gateway('team-b', 'gw', 'p')), 'refused'],
    ['S57: the operator events', { role: 'operator' }, events('team-a', 'main'), 'refused'],
    [
      'S57: telemetry status of a pool',
      { role: 'telemetry' },
      status(statusKey.worker('a', 'b', 'c')),
      'refused',
    ],
  ])('%s', async (_name, identity, subject, expected) => {
    expect(await publish(identity, subject)).toBe(expected);
  });
});

describe('what a tenant cannot reach', () => {
  test.each([
    '$JS.API.INFO',
    '$JS.API.STREAM.NAMES',
    `$JS.API.STREAM.INFO.${invocationStream.name}`,
    `$JS.API.STREAM.PURGE.${invocationStream.name}`,
    `$JS.API.STREAM.DELETE.KV_${statusBucket.name}`,
    `$JS.API.DIRECT.GET.KV_${statusBucket.name}.${statusSubject}.worker.team-b.main.p`,
    `$JS.API.CONSUMER.CREATE.${invocationStream.name}`,
    resultReadSubject(call('team-b'), 'result'),
    resultReadSubject(call('team-a'), 'result'),
    '$SYS.REQ.SERVER.PING',
  ])('S57: %s', async (subject) => {
    for (const identity of [poolA, gatewayA]) {
      const connection = await as(identity);
      await expect(connection.request(subject, '', { timeout: 500 })).rejects.toThrow();
    }
  });

  test.each([
    '_INBOX.>',
    '>',
    '_INBOX.worker.team-b.main.>',
    '_INBOX.ingress.>',
    'clrk.invocations.>',
    `${statusSubject}.>`,
    `${statusSubject}.egress.team-b.>`,
    'clrk.hello.team-b',
  ])('S57: nothing is heard on %s', async (subject) => {
    const heard: string[] = [];
    const listening: NatsConnection[] = [];
    for (const identity of [poolA, gatewayA]) {
      const connection = await as(identity);
      connection.subscribe(subject, {
        callback: (error, message) => error === null && heard.push(message.subject),
      });
      // The refusal comes as an error of the connection; what matters is what is heard.
      await connection.flush();
      listening.push(connection);
    }
    await publish(poolB, events('team-b', 'main'));
    await publish({ role: 'ingress' }, events('team-b', '_ingress'));
    await publish(gatewayB, `${statusSubject}.${statusKey.gateway('team-b', 'gw', 'p')}`);
    const other = await as(poolB);
    new StatusChannel(other).hello('team-b', inboxOf(poolB));
    await other.flush();
    // What was on its way to them has arrived when they are answered.
    await Promise.all(listening.map((connection) => connection.flush()));
    expect(heard).toEqual([]);
  });

  test('S57: the answer to an own publish, sent to somebody else’s subject, arrives nowhere', async () => {
    const operator = await as({ role: 'operator' });
    const kv = await operator.jetstream().views.kv(statusBucket.name, { ttl: statusBucket.ttlMs });
    const victim = statusKey.worker('team-b', 'main', 'v');
    await publish(poolB, `${statusSubject}.${victim}`, 'of team B');
    const manager = await (await as({ role: 'telemetry' })).jetstreamManager();
    const before = (await manager.streams.info(invocationStream.name)).state.messages;
    const evil = await as(poolA);
    const own = `${statusSubject}.${statusKey.worker('team-a', 'main', 'e')}`;
    const targets = [
      `${statusSubject}.${victim}`,
      events('team-b', 'main'),
      `$JS.API.STREAM.PURGE.${invocationStream.name}`,
      `$JS.API.STREAM.DELETE.${invocationStream.name}`,
      '_INBOX.ingress.x',
    ];
    for (const reply of targets) evil.publish(own, 'evil', { reply });
    expect((await evil.jetstream().publish(own, 'evil')).stream).toBe(`KV_${statusBucket.name}`);
    expect((await kv.get(victim))?.string()).toBe('of team B');
    expect((await manager.streams.info(invocationStream.name)).state.messages).toBe(before);
  });

  test('S57: another tenant’s record cannot be deleted', async () => {
    const victim = `${statusSubject}.${statusKey.worker('team-b', 'main', 'd')}`;
    expect(await publish(poolB, victim, 'here')).not.toBe('refused');
    const marked = headers();
    marked.set('KV-Operation', 'DEL');
    const evil = await as(poolA);
    await expect(evil.jetstream().publish(victim, '', { headers: marked, timeout: 500 })).rejects.toThrow();
  });
});

describe('how a worker finds gateways', () => {
  const word = (namespace: string): GatewayStatus => ({
    ...{ version: 1, role: 'egress', namespace, gateway: 'gw', pod: 'p', address: '127.0.0.1:1' },
    ...{ configDigest: '', draining: false, connections: 0, at: Date.now() },
  });

  test('it says hello and hears those of its namespace, and no others', async () => {
    for (const identity of [gatewayA, gatewayB]) {
      const channel = new StatusChannel(await as(identity));
      const key = statusKey.gateway(identity.namespace, 'gw', 'p');
      channel.onHello(identity.namespace, () => {
        channel.put(key, JSON.stringify(word(identity.namespace))).catch(() => undefined);
      });
    }
    const channel = new StatusChannel(await as(poolA));
    const view = new StatusView(channel, 'egress.team-a.', gatewayStatusSchema, { now: Date.now });
    await vi.waitFor(() => {
      channel.hello('team-a', inboxOf(poolA));
      expect(view.live()).toMatchObject([{ namespace: 'team-a', gateway: 'gw' }]);
    }, soon);
    await new StatusChannel(await as(gatewayA)).delete(statusKey.gateway('team-a', 'gw', 'p'));
    await vi.waitFor(() => expect(view.live()).toEqual([]), soon);
  });

  test('the platform sees what workers and gateways said', async () => {
    const bucket = await openStatusBucket(await as({ role: 'ingress' }));
    const gateways = new StatusView(bucket, 'egress.', gatewayStatusSchema, { now: Date.now });
    const workers = new StatusView(bucket, 'worker.', workerStatusSchema, { now: Date.now });
    await new StatusChannel(await as(gatewayB)).put(
      statusKey.gateway('team-b', 'gw', 'p'),
      JSON.stringify(word('team-b')),
    );
    await vi.waitFor(() => expect(gateways.live()).toMatchObject([{ namespace: 'team-b' }]), soon);
    expect(workers.live()).toEqual([]);
  });
});

test('telemetry purges what is long stored, and nobody else does', async () => {
  const manager = await (await as({ role: 'telemetry' })).jetstreamManager();
  await publish(poolA, events('team-a', 'main'));
  const { last_seq: last } = (await manager.streams.info(invocationStream.name)).state;
  await expect(manager.streams.purge(invocationStream.name, { seq: last })).resolves.toMatchObject({
    success: true,
  });
  for (const role of ['ingress', 'operator'] as const) {
    const other = await as({ role });
    const subject = `$JS.API.STREAM.PURGE.${invocationStream.name}`;
    await expect(other.request(subject, '', { timeout: 500 })).rejects.toThrow();
  }
});

describe('who is let in', () => {
  test('S51: nobody without claims, with a password, or with claims of another installation', async () => {
    const { caPem, url } = nats.access;
    const at = { servers: url, tls: { ca: caPem }, timeout: 2_000, reconnect: false };
    await expect(connect(at)).rejects.toThrow();
    await expect(connect({ ...at, user: 'worker', pass: 'guess' })).rejects.toThrow();
    const { jwt, seed } = new TestNats().access;
    await expect(connectNats({ ...nats.access, jwt, seed }, { name: 'x', log })).rejects.toThrow();
  });

  test('S51: a server that is not of the platform’s CA is not spoken to', async () => {
    const { caPem } = new TestNats({ tls: true }).access;
    await expect(connectNats({ ...nats.access, caPem }, { name: 'x', log })).rejects.toThrow();
  });

  test('S51: without TLS no claims are taken', async () => {
    const socket = dial({ host: '127.0.0.1', port: Number(new URL(nats.url).port) });
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toContain('"tls_required":true');
    socket.write('CONNECT {"verbose":true}\r\nPING\r\n');
    await once(socket, 'close');
  });
});
