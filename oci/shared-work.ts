/**
 * Single flight with callers that may leave: work under one key runs once, each caller can stop waiting, and the work
 * is cancelled when the last one has left. Apart because it is subtle and needs no disk to test.
 */
import { imageError } from './image-error.ts';

interface Flight<T> {
  readonly result: Promise<T>;
  readonly cancel: AbortController;
  waiting: number;
}

export class SharedWork<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Joins the work under this key or starts it. Rejects with IMAGE_PULL_ABORTED when the caller's signal fires. */
  async join(
    key: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted === true) throw aborted(signal);
    const flight = this.#flights.get(key) ?? this.#begin(key, start);
    flight.waiting++;
    try {
      return await (signal === undefined ? flight.result : orAborted(flight.result, signal));
    } finally {
      if (--flight.waiting === 0) this.#leave(key, flight);
    }
  }

  /**
   * As `join`, but work that somebody else began and that failed is begun once more as one's own: what was wrong may have
   * been theirs (another repository, other credentials).
   */
  async joinOrRedo(
    key: string,
    ownKey: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let isMine = false;
    try {
      return await this.join(key, signal, (shared) => {
        isMine = true;
        return start(shared);
      });
    } catch (thrown) {
      if (isMine || signal?.aborted === true) throw thrown;
      return this.join(ownKey, signal, start);
    }
  }

  /** When everything now running has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#flights.values()].map((flight) => flight.result));
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const cancel = new AbortController();
    const result = start(cancel.signal).finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    const flight: Flight<T> = { result, cancel, waiting: 0 };
    // Every caller may have left before it fails.
    result.catch(() => undefined);
    this.#flights.set(key, flight);
    return flight;
  }

  /** A cancelled flight takes no more passengers; after its end this does nothing. */
  #leave(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) !== flight) return;
    this.#flights.delete(key);
    flight.cancel.abort(imageError('IMAGE_PULL_ABORTED', 'nobody waits for this image any more'));
  }
}

function aborted(signal: AbortSignal): Error {
  return imageError('IMAGE_PULL_ABORTED', 'the pull was given up', signal.reason);
}

function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
