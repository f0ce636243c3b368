/**
 * A real ingress on a free port with real TLS towards stub workers, opened anew for each test of the file that makes one.
 */
import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach } from 'vitest';
import type { Invocation, WorkerStatus } from '../../contract/index.ts';
import { openIngress, type Ingress, type IngressOptions } from '../../ingress/ingress.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { agent, certificates, configWith } from './ingress-config.ts';
import { WorkerStub } from './worker-stub.ts';

export { agent, certificates, configWith, foreign } from './ingress-config.ts';

export class IngressBed {
  /** What was published, in order. */
  events: Invocation[] = [];
  /** Message ids of what was published. */
  readonly ids = new Set<string>();
  workers: WorkerStatus[] = [];
  stubs: WorkerStub[] = [];
  publishFails = false;
  #ingress: Ingress | undefined;

  constructor() {
    beforeEach(async () => {
      this.events = [];
      this.ids.clear();
      this.workers = [];
      this.stubs = [];
      this.publishFails = false;
      await this.open();
    });
    afterEach(async () => {
      await this.#ingress?.[Symbol.asyncDispose]();
      for (const stub of this.stubs) await stub[Symbol.asyncDispose]();
    });
  }

  get ingress(): Ingress {
    if (this.#ingress === undefined) throw new Error('no ingress is open');
    return this.#ingress;
  }

  /** Another one in place of the one that is open. */
  async open(
    more: Partial<Pick<IngressOptions, 'outboxCapacity' | 'guardMs' | 'leave'>> = {},
  ): Promise<void> {
    await this.#ingress?.[Symbol.asyncDispose]();
    this.#ingress = await openIngress({
      host: '127.0.0.1',
      port: 0,
      log: silentLog,
      publish: (_subject, payload, messageId) => {
        if (this.publishFails) return Promise.reject(new Error('NATS is away'));
        // As JetStream: the first message of an id is kept, whichever ingress sent it.
        const duplicate = this.ids.has(messageId);
        if (!duplicate) this.events.push(JSON.parse(payload) as Invocation);
        this.ids.add(messageId);
        return Promise.resolve({ duplicate });
      },
      liveWorkers: () => this.workers,
      tracer: () => trace.getTracer('test'),
      ...more,
    });
    this.#ingress.configure(configWith([agent]));
  }

  async startWorker(pod: string, more: Partial<WorkerStatus> = {}): Promise<WorkerStub> {
    const stub = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
    this.stubs.push(stub);
    this.workers.push(stub.status(pod, more));
    return stub;
  }

  phases(): string[] {
    return this.events.map((event) => event.status.phase);
  }
}
