/**
 * Places of something shared, with a share for each namespace, agent and peer, so that whoever takes all it can get keeps
 * nobody else out. Pure bookkeeping: it knows nothing of calls. Every place that was taken must be given back once.
 */
import { ShareCounts, type Share } from '../contract/index.ts';
import type { ShareLimits } from './limits.ts';
import { WaitingTakers, type Room, type Waiting } from './waiting-takers.ts';

/** Who takes a place. */
export interface Taker {
  readonly namespace: string;
  /** Agent id. */
  readonly agent: string;
  readonly peer: string;
}

/** Of an agent's places one peer may hold up to this many times what is free: alone three quarters of them. */
const greed = 3;

const all = 'all';

/** Gives the place back; calling it twice is safe. */
export type Place = () => void;

export class Shares {
  readonly #limits: ShareLimits;
  readonly #counts = new ShareCounts();
  readonly #waiting = new WaitingTakers();
  readonly #room: Room = {
    has: (kind, name) => this.#counts.full([this.#shareOf(kind, name)]) === undefined,
    takes: (taker) => this.#counts.full(this.#sharesOf(taker)) === undefined,
  };

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Places taken now. */
  get taken(): number {
    return this.#counts.of(all);
  }

  /** Undefined when it, or everybody together, has no more. */
  take(taker: Taker): Place | undefined {
    const shares = this.#sharesOf(taker);
    if (this.#counts.take(shares) !== undefined) return undefined;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#counts.give(shares);
      this.#grantWaiting();
    };
  }

  /** Waits for a place, first come first served among those whose share has room; undefined when the signal was first. */
  async wait(taker: Taker, signal: AbortSignal): Promise<Place | undefined> {
    const place = this.take(taker);
    if (place !== undefined || signal.aborted) return place;
    return new Promise((resolve) => {
      const stop = (): void => {
        this.#waiting.delete(waiting);
        resolve(undefined);
      };
      const grant = (granted: Place): void => {
        signal.removeEventListener('abort', stop);
        resolve(granted);
      };
      const waiting: Waiting = { taker, grant };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  #grantWaiting(): void {
    while (this.taken < this.#limits.total) {
      const waiting = this.#waiting.first(this.#room);
      const place = waiting && this.take(waiting.taker);
      if (waiting === undefined || place === undefined) return;
      this.#waiting.delete(waiting);
      waiting.grant(place);
    }
  }

  #shareOf(kind: keyof Taker, name: string): Share {
    return { key: `${kind} ${name}`, most: this.#limits[kind] };
  }

  #sharesOf(taker: Taker): readonly Share[] {
    const kinds = ['namespace', 'agent', 'peer'] as const;
    const own = kinds.map((kind) => this.#shareOf(kind, taker[kind]));
    return [{ key: all, most: this.#limits.total }, ...own, ...this.#ofPeerAlone(taker)];
  }

  /**
   * Who calls an agent is not known, and may be no friend of it: the more of an agent's places one peer holds, the more of them
   * must be free for others.
   */
  #ofPeerAlone({ agent, peer }: Taker): readonly Share[] {
    if (this.#limits.isOpenToAll !== true) return [];
    const free = this.#limits.agent - this.#counts.of(`agent ${agent}`);
    return [{ key: `peer ${peer} of ${agent}`, most: greed * free }];
  }
}

/** Bytes that are kept by all together, and whether there is room for more. */
export class KeptBytes {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /** Keeps them whatever; false when from now on no more should be. */
  take(bytes: number): boolean {
    this.#held += bytes;
    return this.#held < this.#limit;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}
