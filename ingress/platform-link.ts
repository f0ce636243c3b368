/**
 * The ingress's connections to the platform, as its config document names them: NATS (events out, worker status in,
 * own status out) and OTLP. Replaced as a whole when the document names others; the old one is closed after the new
 * one works. While NATS is away the last known workers stay and events wait.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { trace, type Tracer } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import {
  errorMessage,
  statusKey,
  workerStatusSchema,
  type IngressStatus,
  type PlatformEndpoints,
  type WorkerStatus,
} from '../contract/index.ts';
import {
  connectNats,
  openStatusBucket,
  startTelemetry,
  StatusPublisher,
  StatusView,
  type Environment,
  type Log,
  type Telemetry,
} from '../process/index.ts';

export interface PlatformLinkOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly snapshot: () => IngressStatus;
}

interface Link {
  readonly key: string;
  readonly nats: NatsConnection;
  readonly view: { live(): readonly WorkerStatus[] };
  readonly publisher: StatusPublisher;
  readonly telemetry: Telemetry;
}

const retryMs = 1_000;
/** JetStream acknowledges after an fsync. */
const publishTimeoutMs = 5_000;

export class PlatformLink implements AsyncDisposable {
  readonly #options: PlatformLinkOptions;
  #link: Link | undefined;
  #changing: Promise<void> = Promise.resolve();
  #wanted = '';

  constructor(options: PlatformLinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** Returns at once; the change happens behind, one at a time. */
  update(endpoints: PlatformEndpoints): void {
    const key = JSON.stringify(endpoints);
    if (key === this.#wanted) return;
    this.#wanted = key;
    this.#changing = this.#changing.then(() => this.#changeAtLast(key, endpoints));
  }

  liveWorkers(): readonly WorkerStatus[] {
    return this.#link?.view.live() ?? [];
  }

  tracer(): Tracer {
    return this.#link?.telemetry.tracer ?? trace.getTracer('clrk-ingress');
  }

  async publish(subject: string, payload: string, messageId: string): Promise<void> {
    if (this.#link === undefined) throw new Error('not connected to NATS yet');
    await this.#link.nats
      .jetstream()
      .publish(subject, payload, { msgID: messageId, timeout: publishTimeoutMs });
  }

  /** The snapshot has changed. */
  changed(): void {
    this.#link?.publisher.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted = '';
    await this.#changing;
    if (this.#link !== undefined) await close(this.#link);
    this.#link = undefined;
  }

  /** Until it works, or something else is wanted. */
  async #changeAtLast(key: string, endpoints: PlatformEndpoints): Promise<void> {
    while (this.#wanted === key) {
      try {
        await this.#change(key, endpoints);
        return;
      } catch (error) {
        this.#options.log.warn({ reason: errorMessage(error) }, 'platform not reachable yet');
        await delay(retryMs);
      }
    }
  }

  async #change(key: string, endpoints: PlatformEndpoints): Promise<void> {
    const old = this.#link;
    this.#link = await this.#open(key, endpoints);
    if (old !== undefined) await close(old);
  }

  async #open(key: string, endpoints: PlatformEndpoints): Promise<Link> {
    const { environment, log, snapshot } = this.#options;
    const nats = await connectNats(endpoints.nats, { name: 'ingress', log });
    const bucket = await openStatusBucket(nats);
    const view = new StatusView(bucket, 'worker.', workerStatusSchema, { now: Date.now });
    const { namespace, pod } = snapshot();
    const statusKeyOfPod = statusKey.ingress(namespace, pod);
    const publisher = new StatusPublisher({ bucket, key: statusKeyOfPod, snapshot, log });
    publisher.changed();
    const telemetry = startTelemetry({ role: 'ingress', environment, otlp: endpoints.otlp });
    return { key, nats, view, publisher, telemetry };
  }
}

async function close(link: Link): Promise<void> {
  await link.publisher.close().catch(() => undefined);
  await link.telemetry.shutdown().catch(() => undefined);
  await link.nats.close().catch(() => undefined);
}
