/**
 * A data plane's connections to the platform, as its config document names them: NATS (events out, own status out, the
 * status of others in) and OTLP. Replaced as a whole when the document names others; the old one is closed after the new
 * one works. While NATS is away the last known others stay, and events are the caller's to keep.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { trace, type Tracer } from '@opentelemetry/api';
import { logs, type Logger } from '@opentelemetry/api-logs';
import type { NatsConnection } from 'nats';
import type { Static, TSchema } from 'typebox';
import { errorMessage, type PlatformEndpoints } from '../contract/index.ts';
import type { Environment } from './environment.ts';
import type { Log } from './log.ts';
import { connectNats } from './nats.ts';
import { openStatusBucket } from './status-bucket.ts';
import { StatusPublisher } from './status-publisher.ts';
import { StatusView } from './status-view.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';

export interface PlatformLinkOptions<S extends TSchema> {
  readonly role: 'ingress' | 'worker';
  readonly environment: Environment;
  readonly log: Log;
  /** Where this process reports itself, and what it says. */
  readonly key: string;
  readonly snapshot: () => object;
  /** Whose status is followed. */
  readonly others: { readonly prefix: 'worker.' | 'egress.'; readonly schema: S };
  /** More resource attributes of spans and logs. */
  readonly resource?: Readonly<Record<string, string>>;
}

interface Link<S extends TSchema> {
  readonly nats: NatsConnection;
  readonly view: StatusView<S>;
  readonly publisher: StatusPublisher;
  readonly telemetry: Telemetry;
}

const retryMs = 1_000;
/** JetStream acknowledges after an fsync. */
const publishTimeoutMs = 5_000;

export class PlatformLink<S extends TSchema> implements AsyncDisposable {
  readonly #options: PlatformLinkOptions<S>;
  #link: Link<S> | undefined;
  #changing: Promise<void> = Promise.resolve();
  #wanted = '';

  constructor(options: PlatformLinkOptions<S>) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** Of the current endpoints; before the first ones, of nowhere. */
  tracer(): Tracer {
    return this.#link?.telemetry.tracer ?? trace.getTracer(`clrk-${this.#options.role}`);
  }

  logger(): Logger {
    return this.#link?.telemetry.logger ?? logs.getLogger(`clrk-${this.#options.role}`);
  }

  liveOthers(): ReadonlyArray<Static<S>> {
    return this.#link?.view.live() ?? [];
  }

  /** Returns at once; the change happens behind, one at a time. */
  update(endpoints: PlatformEndpoints): void {
    const wanted = JSON.stringify(endpoints);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#changing = this.#changing.then(() => this.#changeAtLast(wanted, endpoints));
  }

  /** Resolves when JetStream has it on disk; rejects otherwise. */
  async publish(subject: string, messageId: string, payload: string): Promise<void> {
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
  async #changeAtLast(wanted: string, endpoints: PlatformEndpoints): Promise<void> {
    while (this.#wanted === wanted) {
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

  async #open(endpoints: PlatformEndpoints): Promise<Link<S>> {
    const { role, environment, log, key, snapshot, others, resource } = this.#options;
    const nats = await connectNats(endpoints.nats, { name: role, log });
    const bucket = await openStatusBucket(nats);
    const view = new StatusView(bucket, others.prefix, others.schema, { now: Date.now });
    const publisher = new StatusPublisher({ bucket, key, snapshot, log });
    publisher.changed();
    const described = resource === undefined ? {} : { resource };
    const telemetry = startTelemetry({ role, environment, otlp: endpoints.otlp, ...described });
    return { nats, view, publisher, telemetry };
  }
}

async function close<S extends TSchema>(link: Link<S>): Promise<void> {
  await link.publisher.close().catch(() => undefined);
  await link.telemetry.shutdown().catch(() => undefined);
  await link.nats.close().catch(() => undefined);
}
