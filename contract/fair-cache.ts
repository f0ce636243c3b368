/**
 * A cache that many owners share, bounded for all of them together: when it is full, the owner that has most loses its oldest entry.
 * So who asks for thousands of names pushes out its own, and what a few others use stays. An entry is found whoever made it.
 */
interface Entry<V> {
  readonly owner: Owner;
  readonly value: V;
  readonly until: number;
}

interface Owner {
  readonly name: string;
  /** The least recently used first. */
  readonly keys: Set<string>;
  /** The last of them: most questions are for what was asked for just before, and then nothing has to move. */
  latest: string;
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
  readonly #owners = new Map<string, Owner>();

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
    if (entry.until !== Infinity && entry.until <= this.#now()) {
      this.delete(key);
      return undefined;
    }
    const { owner } = entry;
    if (owner.latest !== key) {
      owner.keys.delete(key);
      owner.keys.add(key);
      owner.latest = key;
    }
    return entry.value;
  }

  set(name: string, key: string, value: V): void {
    this.delete(key);
    while (this.#entries.size >= this.#options.max) this.#evict();
    const { ttlMs } = this.#options;
    const owner = this.#owners.get(name) ?? { name, keys: new Set<string>(), latest: key };
    this.#owners.set(name, owner);
    owner.keys.add(key);
    owner.latest = key;
    this.#entries.set(key, { owner, value, until: ttlMs === undefined ? Infinity : this.#now() + ttlMs });
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const { name, keys } = entry.owner;
    keys.delete(key);
    if (keys.size === 0) this.#owners.delete(name);
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }

  #evict(): void {
    let most: Set<string> | undefined;
    for (const { keys } of this.#owners.values())
      if (most === undefined || keys.size > most.size) most = keys;
    const [oldest = ''] = most ?? [];
    const entry = this.#entries.get(oldest);
    this.delete(oldest);
    if (entry !== undefined) this.#options.onEvict?.(entry.value);
  }
}
