/**
 * Lets the rest of the process run in between: work that would hold the event loop for long takes a breath now and then.
 * Apart because unpacking and removing share it. Costs nothing when it is not time yet.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What a call that runs beside a pull may wait. */
const turnMs = 4;

export class Breath {
  #since = performance.now();

  /** Resolves at once, or after everything that waits had its turn. */
  take(): Promise<void> | undefined {
    if (performance.now() - this.#since < turnMs) return undefined;
    return this.#rest();
  }

  async #rest(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
