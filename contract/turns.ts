/**
 * What waits, taken by turns of namespaces, so that one with thousands makes another wait for one of its own, not for all of
 * them. Pure. In a namespace first come is first served; a key waits at most once.
 */
/**
 * - `taken`: it waits no longer
 * - `again`: it was served, and waits anew behind the others of its namespace
 * - `full`: its namespace has to wait; nobody of it is asked again this time
 */
export type Turn = 'taken' | 'again' | 'full';

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

  /** At most so many, one of each namespace and round again. `take` says what becomes of a key. */
  go(most: number, take: (key: string, namespace: string) => Turn): void {
    let left = most;
    if (left <= 0) return;
    // Whoever is put to the end is met again there: a map is walked in the order in which it is written.
    for (const [namespace, own] of this.#waiting) {
      const [key] = own;
      if (key === undefined) continue;
      const turn = take(key, namespace);
      if (turn === 'full') continue;
      this.delete(namespace, key);
      this.#toTheEnd(namespace);
      if (turn === 'again') this.add(namespace, key);
      left -= 1;
      if (left === 0) return;
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
