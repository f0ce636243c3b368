/** Two ingress replicas and a real JetStream, with the rights the role has: one id runs once, whoever is asked. */
import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invocationStream, type WorkerStatus } from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { connectNats } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, certificates, configWith } from './ingress-bed.ts';
import { WorkerStub } from './worker-stub.ts';

const nats = new TestNats();
const replicas: Ingress[] = [];
let connection: NatsConnection;
let telemetry: NatsConnection;
let worker: WorkerStub;
let workers: WorkerStatus[] = [];

beforeAll(async () => {
  await nats.start();
  telemetry = await connectNats(nats.accessOf({ role: 'telemetry' }), { name: 't', log: silentLog });
  await ensureInvocationStream(telemetry);
  connection = await connectNats(nats.access, { name: 'i', log: silentLog });
  worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
  workers = [worker.status('w1')];
  for (let index = 0; index < 2; index += 1) {
    const replica = await openIngress({
      ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
      publish: (subject, payload, msgID) => connection.jetstream().publish(subject, payload, { msgID }),
      liveWorkers: () => workers,
    });
    replica.configure(configWith([agent, { ...agent, name: 'other', uid: 'u2' }]));
    replicas.push(replica);
  }
}, 60_000);

afterAll(async () => {
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
  await worker[Symbol.asyncDispose]();
  await connection.close();
  await telemetry.close();
  await nats[Symbol.asyncDispose]();
});

test('one id is one call of an agent over all replicas; another agent’s call may have the same; no record is lost', async () => {
  const headers = { 'x-clrk-invocation-id': randomUUID() };
  const ask = (replica: number, name: string) =>
    call({ port: replicas[replica]?.port ?? 0, path: `/agents/shop/${name}/`, headers });
  const answers = await Promise.all([ask(0, 'hello'), ask(1, 'hello'), ask(0, 'hello'), ask(1, 'other')]);
  const [other, ...same] = answers.reverse();
  expect(same.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
  expect(other?.status).toBe(200);
  expect(worker.seen).toHaveLength(2);
  const jsm = await telemetry.jetstreamManager();
  await expect
    .poll(async () => (await jsm.streams.info(invocationStream.name)).state.messages, { timeout: 10_000 })
    .toBe(4);
});
