/**
 * Whether what is to be warm on a new worker is so: until then the worker before it goes on. Asked once in a worker's life, because
 * every run takes a warm sandbox away; and only for so long, because one agent that boots slowly must not keep a pool from a new
 * version. No clock of its own.
 */

/** One sandbox is made at a time. */
const longestMs = 60_000;

export class FirstWarmth {
  readonly #now: () => number;
  #since: number | undefined;
  #isOver = false;

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many are waited for, of so many that are to be made. */
  waitsFor(missing: number): number {
    this.#since ??= this.#now();
    this.#isOver ||= missing === 0 || this.#now() - this.#since >= longestMs;
    return this.#isOver ? 0 : missing;
  }
}
