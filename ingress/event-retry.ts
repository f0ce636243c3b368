/**
 * Events whose run failed, on their way back to their triggers: each waits in NATS, apart from what its agent may run at a time, and is
 * handed on when its time has come. Every ingress does this for every namespace, one event with one of them. It must never let go of one
 * that was not handed on.
 */
import { errorMessage } from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import type { EventSource } from './event-source.ts';

export interface RetryFeedOptions {
  readonly source: Pick<EventSource, 'nextRetry'>;
  /** Until so long has passed, or the signal aborts. Never rejects. */
  readonly rest: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
}

/** While NATS is away; and when there is no room to hand one on. */
const awayMs = 2_000;
const noRoomMs = 5_000;

export class RetryFeed {
  readonly #options: RetryFeedOptions;
  readonly #following = new Map<string, AbortController>();

  constructor(options: RetryFeedOptions) {
    this.#options = options;
  }

  /** Namespaces that have triggers. */
  configure(namespaces: ReadonlySet<string>): void {
    for (const [namespace, ended] of this.#following) {
      if (namespaces.has(namespace)) continue;
      ended.abort();
      this.#following.delete(namespace);
    }
    for (const namespace of namespaces) if (!this.#following.has(namespace)) this.#begin(namespace);
  }

  stop(): void {
    this.configure(new Set());
  }

  #begin(namespace: string): void {
    const ended = new AbortController();
    this.#following.set(namespace, ended);
    void this.#follow(namespace, ended.signal).catch((error: unknown) =>
      this.#options.log.error(
        { namespace, reason: errorMessage(error) },
        'events that failed are no longer run again',
      ),
    );
  }

  async #follow(namespace: string, signal: AbortSignal): Promise<void> {
    const { source, rest } = this.#options;
    while (!signal.aborted) {
      const next = await source.nextRetry(namespace, signal);
      if (next === 'away') await rest(awayMs, signal);
      else if (next === 'none') continue;
      // Its time begins when NATS is told of it: no clock but NATS's is asked.
      else if (next.isNew) await next.again(next.delayMs);
      else if (!(await next.handOn())) await next.again(noRoomMs);
    }
  }
}
