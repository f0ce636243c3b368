/**
 * S57 as the tenant plays it: it reads its namespace's Secrets, so it holds all that the config of its pool holds. With
 * exactly that it goes for another team's pool, gateway, agents, calls, records and inboxes, on a real nats-server and a real
 * ingress.
 */
import { request } from 'node:https';
import { connect as dial, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  checkOtlpToken,
  encodeIdentityFrame,
  ingressUri,
  invocationMessageId,
  invocationSubject,
  parseIdentityFrame,
  poolUri,
  statusBucket,
  statusKey,
  statusSubject,
  workerStatusSchema,
  type IdentityFrame,
  type Invocation,
  type PlatformEndpoints,
  type PlatformIdentity,
  type TenantIdentity,
  type WorkerStatus,
} from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { createCa, issueLeaf, type CertificateAndKey } from '../../pki/index.ts';
import { connectNats, createLog, openStatusBucket, StatusView } from '../../process/index.ts';
import { readEvents } from '../../telemetry/stream/event-batch.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { mayClaim } from '../../telemetry/otlp/otlp-claim.ts';
import { DispatchServer } from '../../worker/dispatch/dispatch-server.ts';
import { WorkerStub } from '../ingress/worker-stub.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { TestNats } from './nats-server.ts';

const log = createLog('ingress', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 10_000, interval: 30 };
const ca = createCa({ commonName: 'clrk-control-plane', years: 1 });
const victim: TenantIdentity = { role: 'worker', namespace: 'team-b', name: 'pool', uid: 'u-b' };
const attacker: TenantIdentity = { role: 'worker', namespace: 'team-a', name: 'pool', uid: 'u-a' };
const nats = new TestNats({ tenants: [victim, attacker] });
const closing: Array<() => Promise<unknown>> = [];

function dispatchLeaf(pool: string): CertificateAndKey {
  const names = { commonName: 'clrk-worker', dnsNames: ['worker.clrk.internal'], ips: [] };
  return issueLeaf({ ca, ...names, uris: [poolUri(pool)], ttlMs: 3_600_000, usage: 'server' });
}

/** What the Secrets of team A hold, and nothing else. */
const held = {
  pool: 'team-a/pool',
  platform: endpoints(attacker),
  dispatchTls: dispatchLeaf('team-a/pool'),
  frameKey: randomBytes(32),
};

function endpoints(identity: PlatformIdentity): () => PlatformEndpoints {
  return () => {
    const { caPem, ...access } = nats.accessOf(identity);
    return { caPem, nats: access, otlp: { endpoint: '', token: nats.keys.otlpToken(identity) } };
  };
}

async function connectAs({ nats: access, caPem }: PlatformEndpoints): Promise<NatsConnection> {
  const connection = await connectNats({ ...access, caPem }, { name: 'test', log });
  closing.push(() => connection.close());
  return connection;
}

function recordOf(namespace: string): Invocation {
  const id = '33333333-3333-4333-8333-333333333333';
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace, creationTimestamp: new Date().toISOString() },
    spec: {
      parentRef: { kind: 'TaskAgent', name: 'payroll', uid: 'u' },
      trigger: { type: 'HTTP', source: '' },
      identity: { audiences: [] },
    },
    status: { phase: 'Succeeded' },
  };
}

let evil: NatsConnection;
let platform: NatsConnection;
let workers: StatusView<typeof workerStatusSchema>;
let ingress: Ingress;
let stub: WorkerStub;
const refused: string[] = [];

beforeAll(async () => {
  await nats.start();
  await ensureInvocationStream(await connectAs(endpoints({ role: 'telemetry' })()));
  platform = await connectAs(endpoints({ role: 'ingress' })());
  const bucket = await openStatusBucket(platform);
  workers = new StatusView(bucket, 'worker.', workerStatusSchema, {
    now: Date.now,
    onRefused: (key) => refused.push(key),
  });
  ingress = await openIngress({
    ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
    publish: () => Promise.resolve({ duplicate: false }),
    liveWorkers: () => workers.live(),
  });
  const client = { commonName: 'clrk-ingress', dnsNames: [], ips: [], uris: [ingressUri] };
  const agent = {
    kind: 'TaskAgent',
    namespace: 'team-b',
    name: 'payroll',
    uid: 'u',
    pool: 'team-b/pool',
  } as const;
  ingress.configure({
    ...{ version: 1, digest: 'sha256:x', platform: endpoints({ role: 'ingress' })() },
    agents: [{ ...agent, servingRevision: 'payroll-00001', timeoutMs: 5_000, maxConcurrent: 0 }],
    dispatchTls: {
      ...issueLeaf({ ca, ...client, ttlMs: 3_600_000, usage: 'client' }),
      serverCaPem: ca.certificatePem,
    },
  });
  evil = await connectAs(held.platform());
  stub = await WorkerStub.start(held.dispatchTls, ca);
  stub.behaviour = (_call, response) => response.end('forged answer');
}, 60_000);

afterAll(async () => {
  await ingress[Symbol.asyncDispose]();
  await stub[Symbol.asyncDispose]();
  for (const close of closing) await close();
  await nats[Symbol.asyncDispose]();
});

const forgedStatus = (more: Partial<WorkerStatus>): string =>
  JSON.stringify({
    ...stub.status('p', { namespace: 'team-b', images: { 'team-b/payroll-00001': { state: 'Pulled' } } }),
    warm: { 'team-b/payroll-00001': 9 },
    ...more,
  });

async function publish(subject: string, payload: string, messageId = ''): Promise<boolean> {
  const options = { timeout: 1_000, ...(messageId === '' ? {} : { msgID: messageId }) };
  return await evil
    .jetstream()
    .publish(subject, payload, options)
    .then(
      () => true,
      () => false,
    );
}

test('S57: it can say that it is there, as itself', async () => {
  const key = statusKey.worker('team-a', 'pool', 'own');
  expect(await publish(`${statusSubject}.${key}`, forgedStatus({ namespace: 'team-a', pod: 'own' }))).toBe(
    true,
  );
  await vi.waitFor(() => expect(workers.live()).toMatchObject([{ namespace: 'team-a', pod: 'own' }]), soon);
});

test('S57: it cannot say that it is a worker of another pool: NATS refuses the key, readers the claim', async () => {
  const theirs = statusKey.worker('team-b', 'pool', 'p');
  expect(await publish(`${statusSubject}.${theirs}`, forgedStatus({}))).toBe(false);
  const own = statusKey.worker('team-a', 'pool', 'liar');
  expect(await publish(`${statusSubject}.${own}`, forgedStatus({}))).toBe(true);
  await vi.waitFor(() => expect(refused).toContain(own), soon);
  expect(workers.live().filter(({ namespace }) => namespace === 'team-b')).toEqual([]);
});

test('S57: it is not given another team’s call, not even where that team’s own record names its address', async () => {
  // The worst case: the record itself is team B's, and the address has since gone to team A's pod.
  const word = {
    ...stub.status('p'),
    namespace: 'team-b',
    images: { 'team-b/payroll-00001': { state: 'Pulled' } },
  };
  const team = await connectAs(endpoints(victim)());
  await team
    .jetstream()
    .publish(`${statusSubject}.${statusKey.worker('team-b', 'pool', 'p')}`, JSON.stringify(word));
  await vi.waitFor(
    () => expect(workers.live().some(({ namespace }) => namespace === 'team-b')).toBe(true),
    soon,
  );
  const url = `http://127.0.0.1:${ingress.port}/agents/team-b/payroll/run`;
  const headers = { authorization: 'Bearer token-of-B', 'x-clrk-worker-endpoint': stub.address };
  const answer = await fetch(url, { method: 'POST', body: 'salaries of team B', headers });
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toContain('forged');
  expect(stub.seen).toEqual([]);
});

test('S57: it writes no record of another team’s agent: not under its name, not under one’s own', async () => {
  const forged = recordOf('team-b');
  const payload = JSON.stringify(forged);
  for (const writer of [{ pool: 'pool' }, { role: 'ingress' }, { role: 'telemetry' }] as const) {
    expect(await publish(invocationSubject(forged, writer), payload, invocationMessageId(forged))).toBe(
      false,
    );
  }
  const own = invocationSubject(recordOf('team-a'), { pool: 'pool' });
  expect(await publish(own, payload)).toBe(true);
  const message = {
    subject: own,
    seq: 1,
    timestampNanos: 1e18,
    redelivered: false,
    data: Buffer.from(payload),
  };
  expect(readEvents([message])).toEqual({ events: [], malformed: 0, foreign: 1 });
});

test('S57: it reads no inbox, no status and no event of another', async () => {
  const heard: string[] = [];
  for (const subject of ['_INBOX.>', '>', 'clrk.invocations.>', `${statusSubject}.>`]) {
    const spy = await connectAs(held.platform());
    spy.subscribe(subject, { callback: (error, { subject: on }) => error === null && heard.push(on) });
    await spy.flush();
  }
  await platform.jetstream().publish(invocationSubject(recordOf('team-b'), { role: 'ingress' }), '{}');
  const kv = await platform.jetstream().views.kv(statusBucket.name, { ttl: statusBucket.ttlMs });
  expect(await kv.get(statusKey.worker('team-a', 'pool', 'own'))).not.toBeNull();
  await evil.flush();
  expect(heard).toEqual([]);
});

test('S57: it dispatches to no worker: its certificate is a pool’s', async () => {
  let served = 0;
  const server = await DispatchServer.open({
    ...{ host: '127.0.0.1', port: 0, onError: () => undefined },
    tls: { ...dispatchLeaf('team-b/pool'), clientCaPem: ca.certificatePem },
    handle: (_request, response) => {
      served += 1;
      response.end();
    },
  });
  closing.push(() => server.close());
  const { certificatePem: cert, privateKeyPem: key } = held.dispatchTls;
  const call = request({
    ...{ host: '127.0.0.1', port: server.port, servername: 'worker.clrk.internal', agent: false },
    ...{ ca: ca.certificatePem, cert, key, method: 'POST' },
    headers: { 'x-clrk-taskagent': 'team-b/payroll' },
  });
  call.end('do it');
  await expect(once(call, 'response')).rejects.toThrow();
  expect(served).toBe(0);
});

test('S57: it signs for no other pool, and for no gateway but the one it dials', async () => {
  const agents = new Set(['TaskAgent/team-a/hello']);
  const peers = new Map([[held.pool, { key: held.frameKey, agents }]]);
  const gateway = createServer().listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  closing.push(() => new Promise((resolve) => gateway.close(resolve)));
  const { port } = gateway.address() as AddressInfo;
  const reader = { gateway: 'team-a/gw', gatewayAddress: `127.0.0.1:${port}` };
  const frame: IdentityFrame = {
    ...{ source: { ip: '100.64.0.2', port: 1 }, destination: { ip: '198.18.0.1', port: 443 } },
    ...{ agentKind: 'TaskAgent', namespace: 'team-a', name: 'hello', uid: 'u', revision: 'r' },
    ...{ invocationId: 'i', pool: held.pool, issuedAt: Date.now(), nonce: randomBytes(16).toString('hex') },
    ...reader,
  };
  const taken = encodeIdentityFrame(frame, held.frameKey);
  expect(parseIdentityFrame(taken, (pool) => peers.get(pool), reader).status).toBe('ok');
  const socket = dial(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  for (const other of [
    { ...reader, gateway: 'team-b/gw' },
    { ...reader, gatewayAddress: '127.0.0.2:8095' },
  ]) {
    expect(parseIdentityFrame(taken, (pool) => peers.get(pool), other).status).toBe('invalid');
  }
  const foreign = encodeIdentityFrame({ ...frame, namespace: 'team-b', name: 'payroll' }, held.frameKey);
  expect(parseIdentityFrame(foreign, (pool) => peers.get(pool), reader).status).toBe('invalid');
  const asOther = encodeIdentityFrame({ ...frame, pool: 'team-b/pool' }, held.frameKey);
  expect(parseIdentityFrame(asOther, (pool) => peers.get(pool), reader).status).toBe('invalid');
});

test('S57: its token claims nothing of another team', () => {
  const speaker = checkOtlpToken(nats.keys.otlpKey(), held.platform().otlp.token);
  expect(speaker).toEqual({ role: 'worker', namespace: 'team-a', name: 'pool' });
  if (speaker === undefined) throw new Error('no speaker');
  expect(mayClaim(speaker, { 'agent.namespace': 'team-b' })).toBe(false);
  expect(mayClaim(speaker, { 'clrk.worker.pool': 'team-b/pool' })).toBe(false);
  expect(mayClaim(speaker, { 'clrk.egress_gateway': 'team-b/gw' })).toBe(false);
});
