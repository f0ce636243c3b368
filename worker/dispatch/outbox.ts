/**
 * Invocation events on their way to JetStream: in order, retried until acknowledged, bounded. Apart because NATS may
 * be away while agents run. Repeats are harmless: the message id makes JetStream keep the first. When the bound is
 * reached the oldest non-terminal event goes first, because a terminal one says all that it said.
 */
import { invocationMessageId, invocationSubject, isTerminal, type Invocation } from '../../contract/index.ts';

/** Resolves when the event is stored; rejects when it may not be. */
export type PublishEvent = (subject: string, messageId: string, data: string) => Promise<void>;

export interface OutboxOptions {
  readonly publish: PublishEvent;
  /** Whose events they are. */
  readonly pool: string;
  readonly onDrop: (count: number) => void;
  /** Default 10,000: minutes of outage at full load in a few megabytes. */
  readonly limit?: number;
  /** Default 500 ms. */
  readonly retryMs?: number;
}

const batchSize = 64;

export class Outbox {
  readonly #options: OutboxOptions;
  #queue: Invocation[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#queue.length;
  }

  add(invocation: Invocation): void {
    this.#queue.push(invocation);
    if (this.#queue.length > (this.#options.limit ?? 10_000)) {
      const index = this.#queue.findIndex((each) => !isTerminal(each.status.phase));
      this.#queue.splice(Math.max(index, 0), 1);
      this.#options.onDrop(1);
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, batchSize);
      const results = await Promise.allSettled(
        batch.map((each) =>
          this.#options.publish(
            invocationSubject(each, this.#options),
            invocationMessageId(each),
            JSON.stringify(each),
          ),
        ),
      );
      const stored = new Set(batch.filter((_, index) => results[index]?.status === 'fulfilled'));
      this.#queue = this.#queue.filter((each) => !stored.has(each));
      if (stored.size === batch.length) continue;
      if (this.#closed) return;
      await new Promise((resolve) => setTimeout(resolve, this.#options.retryMs ?? 500));
    }
  }

  /** Waits until everything is stored, at most so long. */
  async close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#closed = true;
    }, timeoutMs);
    await Promise.race([
      this.#running ?? Promise.resolve(),
      new Promise((resolve) => setTimeout(resolve, timeoutMs).unref()),
    ]);
    clearTimeout(timer);
    this.#closed = true;
  }
}
