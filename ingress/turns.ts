/**
 * What waits, taken by turns of namespaces, so that one with thousands makes another wait for one of its own, not for all of
 * them. Pure. In a namespace first come is first served; a key waits at most once.
 */
export class Turns {
  readonly #waiting = new Map<string, Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(namespace: string, key: string): void {
    const own = this.#waiting.get(namespace) ?? new Set();
    this.#waiting.set(namespace, own);
    this.#size -= own.size;
    own.add(key);
    this.#size += own.size;
  }

  delete(namespace: string, key: string): void {
    const own = this.#waiting.get(namespace);
    if (own?.delete(key) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#waiting.delete(namespace);
  }

  /**
   * At most so many, one of each namespace and round again. `take` says what becomes of a key: `taken`, or `full` when its
   * namespace has to wait, which is not asked again this time.
   */
  go(most: number, take: (key: string) => 'taken' | 'full'): void {
    let left = most;
    const full = new Set<string>();
    while (left > 0 && full.size < this.#waiting.size) {
      for (const [namespace, own] of [...this.#waiting]) {
        const [key] = own;
        if (left === 0) return;
        if (key === undefined || full.has(namespace)) continue;
        if (take(key) === 'full') {
          full.add(namespace);
          continue;
        }
        left -= 1;
        this.delete(namespace, key);
        this.#toTheEnd(namespace);
      }
    }
  }

  /** Whoever was served waits for all others, the next time too. */
  #toTheEnd(namespace: string): void {
    const own = this.#waiting.get(namespace);
    if (own === undefined) return;
    this.#waiting.delete(namespace);
    this.#waiting.set(namespace, own);
  }
}
