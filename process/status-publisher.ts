/**
 * Says what a data plane is, in its status key: on every change (coalesced) and at least every heartbeat. A put that
 * fails is said again by the next beat; it never holds up anything.
 */
import { errorMessage, statusBucket } from '../contract/index.ts';
import type { Log } from './log.ts';
import type { StatusSink } from './status-bucket.ts';

export interface StatusPublisherOptions<T extends object> {
  readonly bucket: StatusSink;
  readonly key: string;
  readonly snapshot: () => T;
  readonly log: Log;
}

/** Bursts of changes become one put; short enough that a picker is not misled. */
const coalesceMs = 20;
const lastWordMs = 2_000;

export class StatusPublisher<T extends object = object> implements AsyncDisposable {
  readonly #options: StatusPublisherOptions<T>;
  readonly #beat: NodeJS.Timeout;
  #pending: NodeJS.Timeout | undefined;
  #putting: Promise<void> = Promise.resolve();
  #dirty = false;
  #closed = false;
  #failing = false;

  constructor(options: StatusPublisherOptions<T>) {
    this.#options = options;
    this.#beat = setInterval(() => this.changed(), statusBucket.heartbeatMs);
    this.#beat.unref();
    this.changed();
  }

  changed(): void {
    if (this.#closed || this.#dirty) return;
    this.#dirty = true;
    this.#pending = setTimeout(() => {
      // One put at a time: an older one must never land after a newer.
      this.#putting = this.#putting.then(() => this.#put());
    }, coalesceMs);
    this.#pending.unref();
  }

  async #put(): Promise<void> {
    this.#dirty = false;
    if (this.#closed) return;
    try {
      await this.#options.bucket.put(this.#options.key, JSON.stringify(this.#options.snapshot()));
      this.#failing = false;
    } catch (thrown) {
      if (!this.#failing) this.#options.log.warn({ reason: errorMessage(thrown) }, 'status not published');
      this.#failing = true;
    }
  }

  /** Says no more and leaves the key: another publisher of this process speaks on. */
  handOver(): void {
    this.#closed = true;
    clearInterval(this.#beat);
    clearTimeout(this.#pending);
  }

  /** Deletes the key, so that others see us gone at once. Twice is safe. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.handOver();
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, lastWordMs).unref());
    const gone = this.#putting
      .then(() => this.#options.bucket.delete(this.#options.key))
      .catch(() => undefined);
    await Promise.race([gone, deadline]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
