/**
 * Questions of readers to the store, taken by turns of namespaces: so many under way in all, and of one namespace fewer, so that
 * whoever asks for thousands of rows with as many hands as it has makes others wait for one of its questions, not for all of them.
 * A reader that went while it waited is asked for no more. What the platform asks for itself (the materializer, the sweeper, schemas)
 * does not wait here: it must never be behind readers.
 */
import { ClrkError, EqualShares, Turns } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';

type Reader = Pick<Store, 'query'>;

export interface ReadTurnsLimits {
  readonly underWay: number;
  readonly ofOwner: number;
  /** Questions of one owner that wait or are under way. */
  readonly asked: number;
}

/** The embedded engine has four threads for questions and inserts, each question two of the processors. */
export const readTurnsLimits: ReadTurnsLimits = { underWay: 3, ofOwner: 2, asked: 128 };

export class ReadTurns {
  readonly #store: Reader;
  readonly #limits: ReadTurnsLimits;
  readonly #turns = new Turns();
  readonly #underWay: EqualShares;
  readonly #asked: EqualShares;
  readonly #begin = new Map<string, () => void>();
  #last = 0;

  constructor(store: Reader, limits: ReadTurnsLimits = readTurnsLimits) {
    this.#store = store;
    this.#limits = limits;
    this.#underWay = new EqualShares(limits.ofOwner);
    this.#asked = new EqualShares(limits.asked);
  }

  /** The store as this owner sees it: a namespace, or whoever reads all of them. `signal`: the reader is gone. */
  of(owner: string, signal: AbortSignal): Reader {
    return {
      query: async <T>(...asked: Parameters<Reader['query']>): Promise<T[]> => {
        await this.#wait(owner, signal);
        try {
          return await this.#store.query<T>(...asked);
        } finally {
          this.#underWay.give(owner);
          this.#asked.give(owner);
          this.#pump();
        }
      },
    };
  }

  async #wait(owner: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw gone();
    if (!this.#asked.take(owner)) {
      throw new ClrkError(
        'TOO_MANY_AT_ONCE',
        `one namespace may have ${this.#limits.asked} questions at once`,
      );
    }
    this.#last += 1;
    const key = String(this.#last);
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#begin.delete(key);
        this.#turns.delete(owner, key);
        this.#asked.give(owner);
        reject(gone());
      };
      this.#begin.set(key, () => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
      signal.addEventListener('abort', leave, { once: true });
      this.#turns.add(owner, key);
      this.#pump();
    });
  }

  #pump(): void {
    this.#turns.go(this.#limits.underWay - this.#underWay.total, (key, owner) => {
      if (!this.#underWay.take(owner)) return 'full';
      this.#begin.get(key)?.();
      this.#begin.delete(key);
      return 'taken';
    });
  }
}

function gone(): ClrkError {
  return new ClrkError('READER_GONE', 'whoever asked is gone');
}
