/**
 * Where foreign bytes end: every callback of a socket, stream, session or promise runs inside a Boundary. What it throws ends that one
 * connection and is counted; nothing of it reaches the event loop, where it would end the process and everybody's calls.
 * It is no place for decisions: code that expects a fault handles it itself.
 */
import type { EventEmitter } from 'node:events';

export class Boundary {
  readonly #end: () => void;
  readonly #onBroken: (error: unknown) => void;

  /** `end` closes the one connection that this boundary is around; `onBroken` counts and logs what was thrown. */
  constructor(end: () => void, onBroken: (error: unknown) => void) {
    this.#end = end;
    this.#onBroken = onBroken;
  }

  /** The same handler, unable to throw. */
  guard<A extends unknown[]>(handler: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        handler(...args);
      } catch (thrown) {
        this.#broken(thrown);
      }
    };
  }

  /** Listens with a guarded handler; the result takes it off again. */
  on<A extends unknown[]>(emitter: EventEmitter, event: string, handler: (...args: A) => void): () => void {
    const guarded = this.guard(handler);
    emitter.on(event, guarded);
    return () => void emitter.removeListener(event, guarded);
  }

  /** Tells what comes of a promise inside the boundary: what a handler throws is no rejection that nobody handles. */
  settle<T>(work: Promise<T>, onDone: (value: T) => void, onFailed: (error: unknown) => void): void {
    work.then(this.guard(onDone), this.guard(onFailed));
  }

  /** For a promise that never rejects: if it does after all, that is a fault. */
  readonly rethrow = (error: unknown): never => {
    throw error instanceof Error ? error : new Error('rejected with no error');
  };

  /** Runs `work` now; `otherwise` is its result when it throws. */
  run<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (thrown) {
      this.#broken(thrown);
      return otherwise;
    }
  }

  #broken(thrown: unknown): void {
    this.#onBroken(thrown);
    try {
      this.#end();
    } catch (again) {
      this.#onBroken(again);
    }
  }
}
