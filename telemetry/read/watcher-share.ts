/**
 * How many may do at once what costs the store something for as long as it lasts: in all, of one user, and of one namespace. A
 * namespace's own people make as many users of it as they like (ServiceAccounts), so that the share of a user alone is none.
 */
import { ClrkError, ShareCounts, type Share } from '../../contract/index.ts';

export interface WatcherLimits {
  readonly inAll: number;
  readonly ofUser: number;
  readonly ofNamespace: number;
}

/** Watches and followers: each costs the store a question a second. */
export const watcherLimits: WatcherLimits = { inAll: 96, ofUser: 24, ofNamespace: 32 };
/** Of those who follow with a reader's token, which says whose records, not who reads. */
export const followerLimits: WatcherLimits = { inAll: 128, ofUser: 32, ofNamespace: 32 };
/** Lists and pages: each is some questions to the store, which are asked by turns (ReadTurns); who waits costs only room. */
export const readLimits: WatcherLimits = { inAll: 256, ofUser: 16, ofNamespace: 32 };
/** Calls of agents: to the ingress all of them are one peer, and share what one peer may have there. */
export const callLimits: WatcherLimits = { inAll: 512, ofUser: 64, ofNamespace: 128 };

export interface Watcher {
  readonly user: string;
  /** Absent: all of them, which nobody may who has but some. */
  readonly namespace?: string;
}

interface Part extends Share {
  readonly who: string;
}

export class WatcherShare {
  readonly #limits: WatcherLimits;
  readonly #what: string;
  readonly #counts = new ShareCounts();

  /** `what` they do, as it is told. */
  constructor(limits: WatcherLimits, what: 'watch or follow' | 'read' | 'call') {
    this.#limits = limits;
    this.#what = what;
  }

  /** Gives back when disposed. Throws TOO_MANY_AT_ONCE. */
  take(watcher: Watcher): Disposable {
    const parts = this.#partsOf(watcher);
    const full = this.#counts.take(parts);
    if (full !== undefined) {
      throw new ClrkError('TOO_MANY_AT_ONCE', `${full.who} may ${this.#what} ${full.most} times at once`);
    }
    return { [Symbol.dispose]: () => this.#counts.give(parts) };
  }

  #partsOf({ user, namespace }: Watcher): readonly Part[] {
    const { inAll, ofUser, ofNamespace } = this.#limits;
    return [
      { key: `user ${user}`, most: ofUser, who: 'one user' },
      ...(namespace === undefined
        ? []
        : [{ key: `namespace ${namespace}`, most: ofNamespace, who: 'the users of one namespace' }]),
      { key: 'all', most: inAll, who: 'all users' },
    ];
  }
}
