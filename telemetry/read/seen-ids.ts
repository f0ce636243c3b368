/**
 * The numbers a follower was given lately. Bounded: it remembers the last few seconds, and of those the latest so many;
 * its floor says from where on it remembers, which is where the next poll begins. Numbers are snowflake ids: milliseconds
 * in the upper bits, so they sort by time.
 */
const timeShift = 22n;
/** ClickHouse counts the milliseconds of its snowflake ids from 1970. */
export function idAtMs(ms: number): bigint {
  return ms <= 0 ? 0n : BigInt(Math.trunc(ms)) << timeShift;
}

/** When a number was given. */
export function msOfId(id: bigint): number {
  return Number(id >> timeShift);
}

/** Longer than an insert takes from its number to being visible. */
const overlapMs = 10_000;
const maxRemembered = 20_000;

export class SeenIds {
  readonly #overlap = idAtMs(overlapMs);
  #ids = new Set<bigint>();
  #floor: bigint;
  #highest: bigint;

  /** Everything up to `start` counts as given, but for what becomes visible late. */
  constructor(start: bigint) {
    this.#highest = start;
    this.#floor = start > this.#overlap ? start - this.#overlap : 0n;
  }

  /** Ask for what is above. */
  get floor(): bigint {
    return this.#floor;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** True when it was new. */
  add(id: bigint): boolean {
    if (id <= this.#floor || this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (id > this.#highest) this.#highest = id;
    return true;
  }

  /** After a poll: forgets what is too long ago to matter. */
  settle(): void {
    const floor = this.#highest - this.#overlap;
    if (floor > this.#floor) this.#floor = floor;
    let kept = [...this.#ids].filter((id) => id > this.#floor);
    if (kept.length > maxRemembered) {
      kept = kept.sort((a, b) => (a < b ? -1 : 1)).slice(-maxRemembered);
      this.#floor = kept.shift() ?? this.#floor;
    }
    this.#ids = new Set(kept);
  }
}
