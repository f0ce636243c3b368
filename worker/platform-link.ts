/**
 * The worker's connections to the platform, as its config document names them: NATS (events out, own status out,
 * gateway status in) and OTLP. Replaced as a whole when the document names others. While NATS is away the last known
 * gateways stay, and events wait in the outbox.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import type { NatsConnection } from 'nats';
import {
  attribute,
  errorMessage,
  gatewayStatusSchema,
  statusKey,
  type GatewayStatus,
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
import type { LogEmitter, SpanStarter } from './telemetry/sink.ts';

export interface PlatformLinkOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly snapshot: () => WorkerStatus;
}

interface Link {
  readonly nats: NatsConnection;
  readonly view: StatusView<typeof gatewayStatusSchema>;
  readonly publisher: StatusPublisher;
  readonly telemetry: Telemetry;
}

const retryMs = 1_000;
/** JetStream acknowledges after an fsync. */
const publishTimeoutMs = 5_000;

export class PlatformLink {
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

  /** Stands for whichever tracer is current; spans before the first endpoint go nowhere. */
  readonly tracer: SpanStarter = {
    startSpan: (name, options, context) =>
      (this.#link?.telemetry.tracer ?? trace.getTracer('clrk-worker')).startSpan(name, options, context),
  };

  readonly logger: LogEmitter = {
    emit: (record) => (this.#link?.telemetry.logger ?? logs.getLogger('clrk-worker')).emit(record),
  };

  liveGateways(): readonly GatewayStatus[] {
    return this.#link?.view.live() ?? [];
  }

  /** Returns at once; the change happens behind, one at a time. */
  update(endpoints: PlatformEndpoints): void {
    const key = JSON.stringify(endpoints);
    if (key === this.#wanted) return;
    this.#wanted = key;
    this.#changing = this.#changing.then(() => this.#changeAtLast(key, endpoints));
  }

  async publish(subject: string, messageId: string, data: string): Promise<void> {
    if (this.#link === undefined) throw new Error('not connected to NATS yet');
    await this.#link.nats.jetstream().publish(subject, data, { msgID: messageId, timeout: publishTimeoutMs });
  }

  /** The snapshot has changed. */
  changed(): void {
    this.#link?.publisher.changed();
  }

  async close(): Promise<void> {
    this.#wanted = '';
    await this.#changing;
    if (this.#link !== undefined) await close(this.#link);
    this.#link = undefined;
  }

  /** Until it works, or something else is wanted. */
  async #changeAtLast(key: string, endpoints: PlatformEndpoints): Promise<void> {
    while (this.#wanted === key) {
      try {
        const old = this.#link;
        this.#link = await this.#open(endpoints);
        if (old !== undefined) await close(old);
        return;
      } catch (error) {
        this.#options.log.warn({ reason: errorMessage(error) }, 'platform not reachable yet');
        await delay(retryMs);
      }
    }
  }

  async #open(endpoints: PlatformEndpoints): Promise<Link> {
    const { environment, log, snapshot } = this.#options;
    const nats = await connectNats(endpoints.nats, { name: 'worker', log });
    const bucket = await openStatusBucket(nats);
    const view = new StatusView(bucket, 'egress.', gatewayStatusSchema, { now: Date.now });
    const { namespace, pool, pod } = snapshot();
    const key = statusKey.worker(namespace, pool, pod);
    const publisher = new StatusPublisher({ bucket, key, snapshot, log });
    publisher.changed();
    const resource = { [attribute.workerPool]: `${namespace}/${pool}` };
    const telemetry = startTelemetry({ role: 'worker', environment, otlp: endpoints.otlp, resource });
    return { nats, view, publisher, telemetry };
  }
}

async function close(link: Link): Promise<void> {
  await link.publisher.close().catch(() => undefined);
  await link.telemetry.shutdown().catch(() => undefined);
  await link.nats.close().catch(() => undefined);
}
