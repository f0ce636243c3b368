/** How many may watch or follow at once: in all, and of one user. Each costs the store a question a second. */
import { ClrkError } from '../../contract/index.ts';

export interface WatcherLimits {
  readonly inAll: number;
  readonly ofUser: number;
}

export const watcherLimits: WatcherLimits = { inAll: 96, ofUser: 24 };

export class WatcherShare {
  readonly #limits: WatcherLimits;
  readonly #ofUser = new Map<string, number>();
  #inAll = 0;

  constructor(limits: WatcherLimits = watcherLimits) {
    this.#limits = limits;
  }

  /** Gives back when disposed. Throws TOO_MANY_FOLLOWERS. */
  take(user: string): Disposable {
    const count = this.#ofUser.get(user) ?? 0;
    if (count >= this.#limits.ofUser) {
      throw new ClrkError(
        'TOO_MANY_FOLLOWERS',
        `one user may watch or follow ${this.#limits.ofUser} times at once`,
      );
    }
    if (this.#inAll >= this.#limits.inAll) {
      throw new ClrkError('TOO_MANY_FOLLOWERS', `at most ${this.#limits.inAll} may watch or follow at once`);
    }
    this.#inAll++;
    this.#ofUser.set(user, count + 1);
    return { [Symbol.dispose]: () => this.#giveBack(user) };
  }

  #giveBack(user: string): void {
    this.#inAll--;
    const left = (this.#ofUser.get(user) ?? 1) - 1;
    if (left > 0) this.#ofUser.set(user, left);
    else this.#ofUser.delete(user);
  }
}
