/**
 * An ingress on a real socket with real TLS to a worker that answers at once, unless it is asked not to; events, ids and
 * results in a real nats-server, under the rights of the roles. Two tenants: `shop` is honest, `mall` is not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import type { IngressAgent } from '../../../contract/index.ts';
import { openIngress } from '../../../ingress/ingress.ts';
import { natsEvents } from '../../../ingress/nats-events.ts';
import { natsTimeMs } from '../../../ingress/nats-marks.ts';
import { natsResults } from '../../../ingress/nats-results.ts';
import { EventPlaces } from '../../../operator/nats-events.ts';
import { makeResultPlaces } from '../../../operator/nats-results.ts';
import { connectNats, ensureKeyedBuckets } from '../../../process/index.ts';
import { ensureInvocationStream } from '../../../telemetry/stream/invocation-stream.ts';
import { agent, certificates, configWith } from '../../../test/ingress/ingress-config.ts';
import { WorkerStub } from '../../../test/ingress/worker-stub.ts';
import { TestNats } from '../../../test/process/nats-server.ts';
import { silentLog } from '../../../test/telemetry/embedded.ts';
import type { Part } from '../shared-thing.ts';

/** The worker never answers a call with this in its path. */
export const silentPath = '/silent';
/** And this one only after a while. */
export const slowPath = '/slow';
const slowMs = 300;
export const eventSubject = 'orders.new';

const triggers = [{ subject: eventSubject, maxDeliver: 1 }];
const agents: readonly IngressAgent[] = [
  { ...agent, triggers },
  { ...agent, namespace: 'mall', name: 'hello', uid: 'u-mall', pool: 'shop/pool', triggers },
];

export interface IngressPartOptions {
  /** Events are acknowledged so much later; a NATS whose disk is slow. */
  readonly natsIsLateMs?: number;
  readonly outboxCapacity?: number;
}

async function startWorker(): Promise<WorkerStub> {
  const worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
  worker.behaviour = ({ url }, response) => {
    // Nobody reads what it has seen.
    worker.seen.length = 0;
    if (url.startsWith(silentPath)) return;
    if (url.startsWith(slowPath)) void delay(slowMs).then(() => response.end('slow'));
    else response.end('ok');
  };
  return worker;
}

async function preparePlaces(operator: NatsConnection): Promise<void> {
  await ensureKeyedBuckets(operator);
  makeResultPlaces(operator, silentLog);
  const places = new EventPlaces();
  for (const { namespace, uid } of agents) {
    const wanted = [{ uid, subject: eventSubject, maxConcurrent: 0 }];
    const refused = await places.keep(operator, namespace, wanted);
    if (refused !== undefined) throw new Error(String(refused));
  }
}

export async function openIngressPart({ natsIsLateMs = 0, ...more }: IngressPartOptions = {}): Promise<Part> {
  const nats = new TestNats();
  await nats.start();
  const connections: NatsConnection[] = [];
  const as = async (role: 'operator' | 'telemetry' | 'ingress'): Promise<NatsConnection> => {
    const connection = await connectNats(nats.accessOf({ role }), { name: role, log: silentLog });
    connections.push(connection);
    return connection;
  };
  await preparePlaces(await as('operator'));
  await ensureInvocationStream(await as('telemetry'));
  const connection = await as('ingress');
  const worker = await startWorker();
  const status = worker.status('w1', { capacity: 1_000_000 });
  const ingress = await openIngress({
    ...{ host: '0.0.0.0', port: 0, log: silentLog, tracer: () => trace.getTracer('bench'), ...more },
    publish: async (subject, payload, msgID) => {
      if (natsIsLateMs > 0) await delay(natsIsLateMs);
      return connection.jetstream().publish(subject, payload, { msgID });
    },
    liveWorkers: () => [status],
    results: { store: natsResults(() => connection), timeMs: () => natsTimeMs(connection) },
    events: { source: natsEvents(() => connection), timeMs: () => natsTimeMs(connection) },
  });
  ingress.configure(configWith(agents));
  return {
    place: { port: ingress.port },
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]();
      await worker[Symbol.asyncDispose]();
      await Promise.all(connections.map((each) => each.close()));
      await nats[Symbol.asyncDispose]();
    },
  };
}
