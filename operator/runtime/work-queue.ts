/**
 * The queue between watches and reconciles: a key waits at most once, is worked on by one worker at a time, and comes
 * back when it was added during its work. Sans-io: the caller passes the time and sleeps until `nextAt`.
 */
import { Backoff } from './backoff.ts';
import { DueTimes } from './due-times.ts';

export interface QueueItem {
  readonly key: string;
  /** When it became ready, for queue_duration. */
  readonly readyAt: number;
}

export class WorkQueue {
  /** Ready keys in order, with the time they became ready. */
  readonly #ready = new Map<string, number>();
  readonly #processing = new Set<string>();
  /** Added while processing: ready again when done. */
  readonly #dirty = new Set<string>();
  /** Earliest time a key shall become ready. */
  readonly #delayed = new DueTimes();
  readonly #backoff: Backoff;

  constructor(backoff: Backoff = new Backoff()) {
    this.#backoff = backoff;
  }

  add(key: string, now: number): void {
    this.#delayed.delete(key);
    if (this.#processing.has(key)) this.#dirty.add(key);
    else if (!this.#ready.has(key)) this.#ready.set(key, now);
  }

  /** Ready at `at`, or earlier when it is already due earlier. */
  addAt(key: string, at: number): void {
    if (this.#ready.has(key) || this.#dirty.has(key)) return;
    const due = this.#delayed.get(key);
    if (due === undefined || at < due) this.#delayed.set(key, at);
  }

  /** Ready after this key's next back-off; the delay chosen. */
  addRateLimited(key: string, now: number): number {
    const delay = this.#backoff.next(key);
    this.addAt(key, now + delay);
    return delay;
  }

  forget(key: string): void {
    this.#backoff.forget(key);
  }

  /** The next key to work on, now being processed; undefined when none is ready. */
  take(now: number): QueueItem | undefined {
    this.#promote(now);
    const first = this.#ready.entries().next();
    if (first.done === true) return undefined;
    const [key, readyAt] = first.value;
    this.#ready.delete(key);
    this.#processing.add(key);
    return { key, readyAt };
  }

  done(key: string, now: number): void {
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.add(key, now);
  }

  /** Time of the earliest delayed key; undefined when none waits. */
  get nextAt(): number | undefined {
    return this.#delayed.nextAt;
  }

  get depth(): number {
    return this.#ready.size;
  }

  get idle(): boolean {
    return this.#processing.size === 0;
  }

  #promote(now: number): void {
    for (let key = this.#delayed.takeDue(now); key !== undefined; key = this.#delayed.takeDue(now)) {
      this.add(key, now);
    }
  }
}
