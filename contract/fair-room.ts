/**
 * How much of a bounded room each owner may hold: bytes of records, events that wait. Sans-io. Half of it is cut into equal parts,
 * one for each owner, which nobody else can take; the other half goes to whoever wants more, and the more of it one holds, the
 * more must stay free (dynamic thresholds, as switches share their buffers). So one alone may use much, and a new one always has
 * its part, for as many owners as there are parts.
 */
export interface FairRoomOptions {
  /** Of all owners together. */
  readonly limit: number;
  /** The part of each that is its own. */
  readonly ownPart: number;
  /** Of the shared half one may hold up to this many times what is left free: alone three quarters of it with 3, the default. */
  readonly greed?: number;
}

interface Held {
  own: number;
  shared: number;
}

export class FairRoom {
  readonly #ownPart: number;
  readonly #greed: number;
  readonly #ownLimit: number;
  readonly #sharedLimit: number;
  readonly #held = new Map<string, Held>();
  #own = 0;
  #shared = 0;

  constructor({ limit, ownPart, greed = 3 }: FairRoomOptions) {
    this.#ownPart = ownPart;
    this.#greed = greed;
    this.#ownLimit = Math.floor(limit / 2);
    this.#sharedLimit = limit - this.#ownLimit;
  }

  /** Never above the limit. */
  get total(): number {
    return this.#own + this.#shared;
  }

  /** False, and nothing taken, when that is more than its share. */
  take(owner: string, amount: number): boolean {
    const held = this.#heldBy(owner);
    const more = this.#partsOf(held, amount);
    if (more === undefined) return false;
    this.#held.set(owner, held);
    held.own += more.own;
    held.shared += more.shared;
    this.#own += more.own;
    this.#shared += more.shared;
    return true;
  }

  /** So little is left of its share that it could not take as much again as it holds. */
  isTight(owner: string): boolean {
    const held = this.#heldBy(owner);
    return this.#partsOf(held, held.own + held.shared) === undefined;
  }

  #heldBy(owner: string): Held {
    return this.#held.get(owner) ?? { own: 0, shared: 0 };
  }

  /** Of which halves so much more would be; undefined: it is more than the share. */
  #partsOf(held: Held, amount: number): Readonly<Held> | undefined {
    const own = Math.max(0, Math.min(amount, this.#ownPart - held.own, this.#ownLimit - this.#own));
    const shared = amount - own;
    const free = this.#sharedLimit - this.#shared - shared;
    if (shared > 0 && held.shared + shared > this.#greed * free) return undefined;
    return { own, shared };
  }

  /** Gives back what was taken: first what is not the owner's own part. */
  give(owner: string, amount: number): void {
    const held = this.#held.get(owner);
    if (held === undefined) return;
    const shared = Math.min(amount, held.shared);
    const own = Math.min(amount - shared, held.own);
    held.shared -= shared;
    held.own -= own;
    this.#shared -= shared;
    this.#own -= own;
    if (held.shared === 0 && held.own === 0) this.#held.delete(owner);
  }
}
