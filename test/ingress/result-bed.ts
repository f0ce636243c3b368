/** Two ingress replicas, a real JetStream, and the operator's own hand that makes places for results. */
import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { IngressAgent, Invocation, WorkerStatus } from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { natsTimeMs } from '../../ingress/nats-marks.ts';
import { natsResults } from '../../ingress/nats-results.ts';
import { makeResultPlaces } from '../../operator/nats-results.ts';
import { connectNats, ensureKeyedBuckets } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { call, type Answer, type CallOptions } from './call.ts';
import { agent, certificates, configWith } from './ingress-bed.ts';
import { WorkerStub } from './worker-stub.ts';

export const soon = { timeout: 20_000, interval: 30 };

const named = (name: string, more: Partial<IngressAgent> = {}): IngressAgent => ({
  ...agent,
  name,
  uid: `u-${name}`,
  ...more,
});
const agents = [
  agent,
  named('other'),
  named('one', { maxConcurrent: 1 }),
  named('full', { namespace: 'cellar', pool: 'shop/pool' }),
];

export class ResultBed {
  readonly nats = new TestNats();
  readonly events: Invocation[] = [];
  readonly connections: NatsConnection[] = [];
  readonly replicas: Ingress[] = [];
  workers: WorkerStatus[] = [];
  /** The server that keeps results is so much later than it says. */
  laterMs = 0;
  #worker: WorkerStub | undefined;

  constructor() {
    beforeAll(async () => await this.#start(), 60_000);
    afterAll(async () => {
      for (const replica of this.replicas) await replica[Symbol.asyncDispose]();
      await this.#worker?.[Symbol.asyncDispose]();
      await Promise.all(this.connections.map((connection) => connection.close()));
      await this.nats[Symbol.asyncDispose]();
    });
    beforeEach(() => {
      this.laterMs = 0;
      this.worker.behaviour = (seen, response) => void response.end(`answer to ${seen.body}`);
    });
  }

  get worker(): WorkerStub {
    if (this.#worker === undefined) throw new Error('no worker yet');
    return this.#worker;
  }

  async open(): Promise<Ingress> {
    const connection = await connectNats(this.nats.access, { name: randomUUID(), log: silentLog });
    this.connections.push(connection);
    const ingress = await openIngress({
      ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
      publish: (subject, payload, msgID) => {
        this.events.push(JSON.parse(payload) as Invocation);
        return connection.jetstream().publish(subject, payload, { msgID });
      },
      liveWorkers: () => this.workers,
      results: {
        store: natsResults(() => connection),
        timeMs: async () => {
          const now = await natsTimeMs(connection);
          return now === undefined ? undefined : now + this.laterMs;
        },
      },
    });
    ingress.configure(configWith(agents));
    this.replicas.push(ingress);
    return ingress;
  }

  post(replica: number, more: Partial<CallOptions> = {}): Promise<Answer> {
    const headers = { prefer: 'respond-async', ...more.headers };
    return call({ port: this.replicas[replica]?.port ?? 0, ...more, headers });
  }

  fetch(replica: number, path: string, more: Partial<CallOptions> = {}): Promise<Answer> {
    return call({ port: this.replicas[replica]?.port ?? 0, method: 'GET', path, ...more });
  }

  /** What is fetched once the run is over. */
  async finished(replica: number, path: string): Promise<Answer> {
    let answer = await this.fetch(replica, path);
    await expect.poll(async () => (answer = await this.fetch(replica, path)).status, soon).not.toBe(202);
    return answer;
  }

  async #start(): Promise<void> {
    await this.nats.start();
    const as = async (role: 'operator' | 'telemetry'): Promise<NatsConnection> => {
      const connection = await connectNats(this.nats.accessOf({ role }), { name: role, log: silentLog });
      this.connections.push(connection);
      return connection;
    };
    const operator = await as('operator');
    await ensureKeyedBuckets(operator);
    await ensureInvocationStream(await as('telemetry'));
    makeResultPlaces(operator, silentLog);
    this.#worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
    this.workers = [this.#worker.status('w1')];
    await this.open();
    await this.open();
  }
}

export const locationOf = ({ headers }: Answer): string => headers.location ?? '';
