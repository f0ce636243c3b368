/**
 * How many of something are taken, counted under several names at once (everybody, a namespace, an agent, a peer), each with a
 * bound of its own: it is taken under all of them or under none. Pure bookkeeping: it knows nothing of what is taken, and whoever
 * took must give back once, under the same names.
 */
export interface Share {
  readonly key: string;
  readonly most: number;
}

export class ShareCounts {
  readonly #taken = new Map<string, number>();

  of(key: string): number {
    return this.#taken.get(key) ?? 0;
  }

  /** The first that is full. */
  full<S extends Share>(shares: readonly S[]): S | undefined {
    return shares.find(({ key, most }) => this.of(key) >= most);
  }

  /** The first that is full, and nothing is taken; undefined: one was taken of each. */
  take<S extends Share>(shares: readonly S[]): S | undefined {
    const full = this.full(shares);
    if (full !== undefined) return full;
    for (const { key } of shares) this.#taken.set(key, this.of(key) + 1);
    return undefined;
  }

  give(shares: readonly Pick<Share, 'key'>[]): void {
    for (const { key } of shares) {
      const left = this.of(key) - 1;
      if (left > 0) this.#taken.set(key, left);
      else this.#taken.delete(key);
    }
  }
}
