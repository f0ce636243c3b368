/** How many of something each owner has (an agent, a peer), up to the same share. Pure bookkeeping. */
import { ShareCounts } from './share-counts.ts';

export class EqualShares {
  readonly #share: number;
  readonly #counts = new ShareCounts();
  #total = 0;

  constructor(share: number) {
    this.#share = share;
  }

  /** Of all owners together. */
  get total(): number {
    return this.#total;
  }

  /** False: it has its share already. */
  take(owner: string): boolean {
    if (this.#counts.take([{ key: owner, most: this.#share }]) !== undefined) return false;
    this.#total += 1;
    return true;
  }

  /** Gives back what `take` gave. */
  give(owner: string): void {
    this.#counts.give([{ key: owner }]);
    this.#total -= 1;
  }
}
