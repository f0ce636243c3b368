/**
 * What a fuzz run must not do, measured: turns of the event loop that cost too much CPU of this thread (not wall time: the machine
 * may be busy with others), and memory that grows.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** CPU nanoseconds that the main thread has used; the kernel counts what it ran, never what it waited. */
export class ThreadClock {
  readonly #file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  readonly #bytes = Buffer.alloc(64);

  now(): number {
    const length = readSync(this.#file, this.#bytes, 0, 64, 0);
    return Number(this.#bytes.toString('latin1', 0, length).split(' ')[0]);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Measures each turn of the loop; `spent` takes out what the fuzzer itself used in it. */
export class TurnWatch {
  readonly #clock = new ThreadClock();
  #last = 0;
  #own = 0;
  #running = true;
  worstMs = 0;

  constructor(onTurn: (ms: number) => void) {
    this.#last = this.#clock.now();
    const turn = (): void => {
      const now = this.#clock.now();
      const ms = (now - this.#last - this.#own) / 1e6;
      this.#last = now;
      this.#own = 0;
      this.worstMs = Math.max(this.worstMs, ms);
      onTurn(ms);
      if (this.#running) setImmediate(turn);
    };
    setImmediate(turn);
  }

  /** Work of the fuzzer's own, which no turn is charged with. */
  spent<T>(work: () => T): T {
    const before = this.#clock.now();
    try {
      return work();
    } finally {
      this.#own += this.#clock.now() - before;
    }
  }

  stop(): void {
    this.#running = false;
    this.#clock.close();
  }
}

/** Least squares: how much `values` grow a step. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  let above = 0;
  let below = 0;
  for (const [index, value] of values.entries()) {
    above += (index - middle) * (value - mean);
    below += (index - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
