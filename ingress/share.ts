/**
 * Places of something shared, with a share for each namespace, agent and peer, so that whoever takes all it can get keeps
 * nobody else out. Pure bookkeeping: it knows nothing of calls. Every place that was taken must be given back once.
 */
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

/** Gives the place back; calling it twice is safe. */
export type Place = () => void;

export class Shares {
  readonly #limits: ShareLimits;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new WaitingTakers();
  readonly #room: Room = {
    has: (kind, name) => this.#hasFree(kind, `${kind} ${name}`),
    takes: (taker) => this.#hasRoom(taker),
  };
  #total = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Places taken now. */
  get taken(): number {
    return this.#total;
  }

  /** Undefined when it, or everybody together, has no more. */
  take(taker: Taker): Place | undefined {
    if (!this.#hasRoom(taker)) return undefined;
    this.#count(taker, 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#count(taker, -1);
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
    while (this.#total < this.#limits.total) {
      const waiting = this.#waiting.first(this.#room);
      const place = waiting && this.take(waiting.taker);
      if (waiting === undefined || place === undefined) return;
      this.#waiting.delete(waiting);
      waiting.grant(place);
    }
  }

  #hasRoom(taker: Taker): boolean {
    if (this.#total >= this.#limits.total) return false;
    return keysOf(taker).every(([kind, key]) => this.#hasFree(kind, key)) && this.#leavesOthers(taker);
  }

  #hasFree(kind: keyof Taker, key: string): boolean {
    return (this.#taken.get(key) ?? 0) < this.#limits[kind];
  }

  /**
   * Who calls an agent is not known, and may be no friend of it: the more of an agent's places one peer holds, the more of them
   * must be free for others.
   */
  #leavesOthers(taker: Taker): boolean {
    if (this.#limits.isOpenToAll !== true) return true;
    const free = this.#limits.agent - (this.#taken.get(`agent ${taker.agent}`) ?? 0);
    return (this.#taken.get(ofPeer(taker)) ?? 0) < greed * free;
  }

  #count(taker: Taker, change: 1 | -1): void {
    this.#total += change;
    const keys = keysOf(taker).map(([, key]) => key);
    for (const key of this.#limits.isOpenToAll === true ? [...keys, ofPeer(taker)] : keys) {
      const now = (this.#taken.get(key) ?? 0) + change;
      if (now === 0) this.#taken.delete(key);
      else this.#taken.set(key, now);
    }
  }
}

function ofPeer({ agent, peer }: Taker): string {
  return `peer ${peer} of ${agent}`;
}

function keysOf(taker: Taker): ReadonlyArray<readonly [keyof Taker, string]> {
  return (['namespace', 'agent', 'peer'] as const).map((kind) => [kind, `${kind} ${taker[kind]}`]);
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
