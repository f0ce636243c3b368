/**
 * A data plane's connection to NATS as its config document names it: events out, own status out, the status of others in.
 * Replaced as a whole when the document names another; the old one is closed after the new one works. While NATS is away the
 * last known others stay, and events are the caller's to keep.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import type { Static } from 'typebox';
import {
  errorMessage,
  gatewayStatusSchema,
  workerStatusSchema,
  type PlatformEndpoints,
} from '../contract/index.ts';
import { monotonicMs } from './clock.ts';
import type { Log } from './log.ts';
import { connectNats } from './nats.ts';
import { openStatusBucket, type StatusSink } from './status-bucket.ts';
import { StatusChannel } from './status-channel.ts';
import { StatusPublisher } from './status-publisher.ts';
import { StatusView } from './status-view.ts';

const schemas = { ingress: workerStatusSchema, worker: gatewayStatusSchema } as const;

export interface NatsLinkOptions<R extends 'ingress' | 'worker' | 'egress'> {
  /** The ingress follows all workers, a worker the gateways of its namespace, a gateway nobody. */
  readonly role: R;
  readonly namespace: string;
  readonly log: Log;
  /** Where this process reports itself, and what it says. */
  readonly key: string;
  /** undefined: another process of its pod says it. */
  readonly snapshot: (() => object) | undefined;
  /** A record of somebody else's was not believed. */
  readonly onRefused?: (key: string) => void;
}

type Followed<R> = R extends keyof typeof schemas ? Static<(typeof schemas)[R]> : never;

interface Open {
  readonly nats: NatsConnection;
  /** undefined: it says nothing of itself. */
  readonly publisher: StatusPublisher | undefined;
  readonly live: () => readonly unknown[];
}

const retryMs = 1_000;
/** JetStream acknowledges after an fsync. */
const publishTimeoutMs = 5_000;

export class NatsLink<R extends 'ingress' | 'worker' | 'egress'> implements AsyncDisposable {
  readonly #options: NatsLinkOptions<R>;
  #open: Open | undefined;
  #changing: Promise<void> = Promise.resolve();
  #wanted = '';

  constructor(options: NatsLinkOptions<R>) {
    this.#options = options;
  }

  /** For what is neither status nor events; undefined while there is none. */
  get connection(): NatsConnection | undefined {
    return this.#open?.nats;
  }

  /**
   * For /readyz: until it is connected nobody knows of this process. Afterwards it goes on through an outage with what it
   * knows, so an outage makes nobody unready: all replicas would be at once.
   */
  notReady(): string | undefined {
    return this.#open === undefined ? 'not connected to NATS yet' : undefined;
  }

  liveOthers(): ReadonlyArray<Followed<R>> {
    return (this.#open?.live() ?? []) as ReadonlyArray<Followed<R>>;
  }

  /** Returns at once; the change happens behind, one at a time. */
  update({ nats, caPem }: PlatformEndpoints): void {
    const wanted = JSON.stringify([nats, caPem]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#changing = this.#changing.then(() => this.#changeAtLast(wanted, { ...nats, caPem }));
  }

  /** Resolves when JetStream has it on disk; rejects otherwise. */
  async publish(
    subject: string,
    messageId: string,
    payload: string,
  ): Promise<{ readonly duplicate: boolean }> {
    if (this.#open === undefined) throw new Error('not connected to NATS yet');
    const { duplicate } = await this.#open.nats
      .jetstream()
      .publish(subject, payload, { msgID: messageId, timeout: publishTimeoutMs });
    return { duplicate };
  }

  /** The snapshot has changed. */
  changed(): void {
    this.#open?.publisher?.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted = '';
    await this.#changing;
    if (this.#open !== undefined) await close(this.#open);
    this.#open = undefined;
  }

  /** Until it works, or something else is wanted. */
  async #changeAtLast(wanted: string, access: Parameters<typeof connectNats>[0]): Promise<void> {
    while (this.#wanted === wanted) {
      try {
        const old = this.#open;
        this.#open = await this.#connect(access);
        old?.publisher?.handOver();
        await old?.nats.close().catch(() => undefined);
        return;
      } catch (error) {
        this.#options.log.warn({ reason: errorMessage(error) }, 'NATS not reachable yet');
        await delay(retryMs);
      }
    }
  }

  async #connect(access: Parameters<typeof connectNats>[0]): Promise<Open> {
    const { role, log } = this.#options;
    const nats = await connectNats(access, { name: role, log });
    try {
      return role === 'ingress' ? await this.#joinAsPlatform(nats) : this.#joinAsTenant(nats, access.inbox);
    } catch (error) {
      await nats.close().catch(() => undefined);
      throw error;
    }
  }

  #publisher(bucket: StatusSink): StatusPublisher | undefined {
    const { key, snapshot, log } = this.#options;
    return snapshot && new StatusPublisher({ bucket, key, snapshot, log });
  }

  async #joinAsPlatform(nats: NatsConnection): Promise<Open> {
    const bucket = await openStatusBucket(nats);
    const view = new StatusView(bucket, 'worker.', schemas.ingress, this.#viewOptions());
    return { nats, publisher: this.#publisher(bucket), live: () => view.live() };
  }

  #joinAsTenant(nats: NatsConnection, inbox: string): Open {
    const { role, namespace, log } = this.#options;
    const channel = new StatusChannel(nats, (thrown) =>
      log.error({ error: errorMessage(thrown) }, 'a word of another process is dropped'),
    );
    const publisher = this.#publisher(channel);
    if (role === 'egress') {
      if (publisher !== undefined) channel.onHello(namespace, () => publisher.changed());
      return { nats, publisher, live: () => [] };
    }
    const view = new StatusView(channel, `egress.${namespace}.`, schemas.worker, this.#viewOptions());
    channel.hello(namespace, inbox);
    // What was said while it was away is asked for.
    void (async () => {
      for await (const { type } of nats.status()) if (type === 'reconnect') channel.hello(namespace, inbox);
    })().catch((thrown: unknown) =>
      log.warn({ reason: errorMessage(thrown) }, 'gateways are not asked again'),
    );
    return { nats, publisher, live: () => view.live() };
  }

  #viewOptions(): ConstructorParameters<typeof StatusView>[3] {
    const { onRefused } = this.#options;
    return { now: monotonicMs, ...(onRefused === undefined ? {} : { onRefused }) };
  }
}

async function close({ publisher, nats }: Open): Promise<void> {
  await publisher?.close().catch(() => undefined);
  await nats.close().catch(() => undefined);
}
