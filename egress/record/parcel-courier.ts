/**
 * Takes parcels to a receiver, one at a time and in order, each until the receiver has taken or refused it. Apart from what is in
 * them, so that the platform's store and a receiver of the gateway's owner are served by the same rules. It never throws and
 * nobody waits for it.
 */
import type { OtlpSender, PostResult } from './otlp-sender.ts';
import type { Parcel } from './record-queue.ts';

export interface ParcelSource {
  /** What is to be sent next; the same one until it is settled. */
  next(now: number): Parcel | undefined;
  settle(outcome: 'sent' | 'refused', reusable: boolean): void;
}

export interface CourierOptions {
  readonly source: ParcelSource;
  /** There was nothing to take. */
  readonly onIdle: () => void;
  /** A parcel is over. */
  readonly onSettled: () => void;
  /** Of each attempt. */
  readonly onResult?: (result: PostResult) => void;
}

const firstRetryMs = 200;
const lastRetryMs = 10_000;
/** Of Retry-After: nobody is believed longer. */
const longestWaitMs = 5 * 60_000;

export class ParcelCourier {
  readonly #options: CourierOptions;
  #sender: OtlpSender;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #sending = false;
  #closed = false;

  constructor(sender: OtlpSender, options: CourierOptions) {
    this.#sender = sender;
    this.#options = options;
  }

  /** To another receiver from now on; what waits goes there too. */
  retarget(sender: OtlpSender): void {
    const before = this.#sender;
    this.#sender = sender;
    // What it is sending ends by an error and is sent again, to the new place.
    before.close();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#retryMs = firstRetryMs;
    this.send();
  }

  send(): void {
    if (this.#sending || this.#closed || this.#retryTimer !== undefined) return;
    const parcel = this.#options.source.next(Date.now());
    if (parcel === undefined) {
      this.#options.onIdle();
      return;
    }
    this.#sending = true;
    this.#sender.post(parcel, (result) => this.#take(result));
  }

  #take(result: PostResult): void {
    this.#sending = false;
    if (this.#closed) return;
    const { outcome, reusable = false, afterMs = 0 } = result;
    this.#options.onResult?.(result);
    if (outcome === 'again') {
      this.#later(afterMs);
      return;
    }
    this.#options.source.settle(outcome, reusable);
    this.#retryMs = firstRetryMs;
    this.#options.onSettled();
  }

  #later(afterMs: number): void {
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = undefined;
        this.send();
      },
      Math.min(Math.max(this.#retryMs, afterMs), longestWaitMs),
    );
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
  }

  /** Takes nothing any more, and gives up what is under way. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#sender.close();
  }
}
