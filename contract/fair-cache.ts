/**
 * A cache that many owners share, bounded for all of them together: when it is full, the owner that has most loses its oldest entry.
 * So who asks for thousands of names pushes out its own, and what a few others use stays. An entry is found whoever made it.
 */
interface Entry<V> {
  readonly owner: string;
  readonly value: V;
  readonly until: number;
}

export interface FairCacheOptions<V> {
  readonly max: number;
  /** How long an entry is good; absent: as long as there is room. */
  readonly ttlMs?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Called for what had to make room. */
  readonly onEvict?: (value: V) => void;
}

export class FairCache<V> {
  readonly #options: FairCacheOptions<V>;
  readonly #entries = new Map<string, Entry<V>>();
  /** Keys of each owner, the least recently used first. */
  readonly #keys = new Map<string, Set<string>>();

  constructor(options: FairCacheOptions<V>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is there, of any age. Entries may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<readonly [key: string, value: V]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until <= this.#now()) {
      this.delete(key);
      return undefined;
    }
    const keys = this.#keys.get(entry.owner);
    keys?.delete(key);
    keys?.add(key);
    return entry.value;
  }

  set(owner: string, key: string, value: V): void {
    this.delete(key);
    while (this.#entries.size >= this.#options.max) this.#evict();
    const { ttlMs } = this.#options;
    this.#entries.set(key, { owner, value, until: ttlMs === undefined ? Infinity : this.#now() + ttlMs });
    const keys = this.#keys.get(owner);
    if (keys === undefined) this.#keys.set(owner, new Set([key]));
    else keys.add(key);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const keys = this.#keys.get(entry.owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(entry.owner);
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }

  #evict(): void {
    let most: Set<string> | undefined;
    for (const keys of this.#keys.values()) if (most === undefined || keys.size > most.size) most = keys;
    const [oldest = ''] = most ?? [];
    const entry = this.#entries.get(oldest);
    this.delete(oldest);
    if (entry !== undefined) this.#options.onEvict?.(entry.value);
  }
}
