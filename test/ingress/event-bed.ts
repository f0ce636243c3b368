/** Ingresses with the rights the role has, a real JetStream, the operator's hand, and a worker that answers as it is told. */
import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { IngressAgent, Invocation, WorkerStatus } from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { natsEvents } from '../../ingress/nats-events.ts';
import { natsTimeMs } from '../../ingress/nats-marks.ts';
import { EventPlaces, hearDeadEvents, type DeadEvent } from '../../operator/nats-events.ts';
import { connectNats, type WantedTrigger } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { call, type Answer } from './call.ts';
import { agent, certificates, configWith } from './ingress-bed.ts';
import { WorkerStub } from './worker-stub.ts';

export const soon = { timeout: 12_000, interval: 30 };

export const triggered = (name: string, subject: string, more: Partial<IngressAgent> = {}): IngressAgent => ({
  ...{ ...agent, name, uid: `u-${name}`, triggers: [{ subject, maxDeliver: 2 }] },
  ...more,
});

export interface Published {
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly namespace?: string;
  readonly method?: string;
}

export class EventBed {
  readonly nats = new TestNats();
  readonly places = new EventPlaces();
  readonly dead: DeadEvent[] = [];
  /** Records of invocations, as they were published. */
  readonly records: Invocation[] = [];
  replicas: Ingress[] = [];
  workers: WorkerStatus[] = [];
  readonly #agents: readonly IngressAgent[];
  readonly #connections: NatsConnection[] = [];
  #operator: NatsConnection | undefined;
  #worker: WorkerStub | undefined;

  constructor(agents: readonly IngressAgent[]) {
    this.#agents = agents;
    beforeAll(async () => await this.#start(), 60_000);
    beforeEach(async () => {
      this.worker.behaviour = (_seen, response) => void response.end('ok');
      await this.#open();
      await this.#open();
    });
    afterEach(async () => await this.#end(), 60_000);
    afterAll(async () => {
      await this.#worker?.[Symbol.asyncDispose]();
      await Promise.all(this.#connections.map((connection) => connection.close()));
      await this.nats[Symbol.asyncDispose]();
    });
  }

  get operator(): NatsConnection {
    if (this.#operator === undefined) throw new Error('not started');
    return this.#operator;
  }

  get worker(): WorkerStub {
    if (this.#worker === undefined) throw new Error('not started');
    return this.#worker;
  }

  wantedOf(namespace: string): WantedTrigger[] {
    return this.#agents
      .filter((each) => each.namespace === namespace)
      .flatMap(({ uid, maxConcurrent, triggers = [] }) =>
        triggers.map(({ subject }) => ({ uid, subject, maxConcurrent })),
      );
  }

  async publish(subject: string, published: Published = {}): Promise<Answer> {
    const { body = '{"a":1}', headers = {}, namespace = 'shop', method = 'POST' } = published;
    return await call({
      ...{ port: this.replicas[0]?.port ?? 0, path: `/events/${namespace}/${subject}`, method, body },
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  seenBy(name: string, namespace = 'shop'): WorkerStub['seen'] {
    return this.worker.seen.filter(
      ({ headers }) => headers['x-clrk-agent'] === `TaskAgent/${namespace}/${name}`,
    );
  }

  async #as(role: 'operator' | 'telemetry' | 'ingress'): Promise<NatsConnection> {
    const connection = await connectNats(this.nats.accessOf({ role }), {
      name: randomUUID(),
      log: silentLog,
    });
    this.#connections.push(connection);
    return connection;
  }

  async #start(): Promise<void> {
    await this.nats.start();
    this.#operator = await this.#as('operator');
    hearDeadEvents(this.#operator, (each) => this.dead.push(each), silentLog);
    await ensureInvocationStream(await this.#as('telemetry'));
    for (const namespace of new Set(this.#agents.map((each) => each.namespace))) {
      expect(await this.places.keep(this.#operator, namespace, this.wantedOf(namespace))).toBeUndefined();
    }
    this.#worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
    this.workers = [this.#worker.status('w1')];
  }

  async #open(): Promise<void> {
    const connection = await this.#as('ingress');
    const ingress = await openIngress({
      ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
      publish: (subject, payload, msgID) => {
        this.records.push(JSON.parse(payload) as Invocation);
        return connection.jetstream().publish(subject, payload, { msgID });
      },
      liveWorkers: () => this.workers,
      events: { source: natsEvents(() => connection), timeMs: () => natsTimeMs(connection) },
    });
    ingress.configure(configWith(this.#agents));
    this.replicas.push(ingress);
  }

  async #end(): Promise<void> {
    // What was answered is told to NATS before they end, or it would be run again, as it should.
    const idle = (): boolean =>
      this.replicas.every(({ draining, eventUsage }) => draining || eventUsage?.running === 0);
    await expect.poll(idle, soon).toBe(true);
    for (const replica of this.replicas) await replica[Symbol.asyncDispose]();
    this.replicas = [];
  }
}
