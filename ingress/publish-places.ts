/**
 * Places of events that are being published: so many in all, in a namespace, of a peer, and of one peer in one namespace. Whoever
 * finds none takes the place of a body that is slow to come, of whoever holds most: so strangers with half-sent bodies, from however
 * many addresses, shut no namespace's door. Pure bookkeeping; every place that was taken must be given back once.
 */
import type { PublishLimits } from './limits.ts';

export interface Publisher {
  readonly namespace: string;
  readonly peer: string;
}

export interface PublishPlace {
  /** Its body is here: nobody takes it any more. */
  settle(): void;
  /** Gives it back; calling it twice is safe. */
  free(): void;
}

interface Standing extends Publisher {
  readonly sinceMs: number;
  readonly giveWay: () => void;
  coming: boolean;
}

export class PublishPlaces {
  readonly #limits: PublishLimits;
  /** Oldest first. */
  readonly #standing = new Set<Standing>();

  constructor(limits: PublishLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#standing.size;
  }

  /** Undefined: there is none. `giveWay` is called when another takes it, which gives it back. */
  take(publisher: Publisher, nowMs: number, giveWay: () => void): PublishPlace | undefined {
    const leaving = this.#leaving(publisher, nowMs);
    if (leaving === undefined) return undefined;
    for (const each of leaving) this.#standing.delete(each);
    const own: Standing = { ...publisher, sinceMs: nowMs, giveWay, coming: true };
    this.#standing.add(own);
    for (const each of leaving) each.giveWay();
    return {
      settle: () => (own.coming = false),
      free: () => void this.#standing.delete(own),
    };
  }

  /** Who has to go for it, perhaps nobody; undefined: nobody can. Narrow shares first: who leaves one leaves the wider ones too. */
  #leaving(publisher: Publisher, nowMs: number): ReadonlySet<Standing> | undefined {
    const { pair, peer, namespace, total } = this.#limits;
    const isPeer = (each: Standing): boolean => each.peer === publisher.peer;
    const isNamespace = (each: Standing): boolean => each.namespace === publisher.namespace;
    const shares: ReadonlyArray<readonly [number, (each: Standing) => boolean]> = [
      [pair, (each) => isPeer(each) && isNamespace(each)],
      [peer, isPeer],
      [namespace, isNamespace],
      [total, () => true],
    ];
    const leaving = new Set<Standing>();
    for (const [limit, isIn] of shares) {
      const within = [...this.#standing].filter((each) => isIn(each) && !leaving.has(each));
      if (within.length < limit) continue;
      const one = this.#slowest(within, publisher, nowMs);
      if (one === undefined) return undefined;
      leaving.add(one);
    }
    return leaving;
  }

  /** The oldest of the peer that holds most there. What has come for less than a moment is taken by those alone who hold less. */
  #slowest(within: readonly Standing[], { peer }: Publisher, nowMs: number): Standing | undefined {
    const held = new Map<string, number>();
    for (const each of within) held.set(each.peer, (held.get(each.peer) ?? 0) + 1);
    const countOf = (each: Publisher): number => held.get(each.peer) ?? 0;
    const own = held.get(peer) ?? 0;
    const mayGo = within.filter(
      (each) => each.coming && (countOf(each) > own || nowMs - each.sinceMs >= this.#limits.momentMs),
    );
    const most = Math.max(...mayGo.map(countOf));
    return mayGo.find((each) => countOf(each) === most);
  }
}
