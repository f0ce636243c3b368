/**
 * The rows of one table that wait for the next insert, as the parcels they came in. Pure but for the waiters. Apart from
 * the writer because what goes into one batch is arithmetic: whole parcels, in order, up to a number of rows and bytes.
 */
import type { RowBytes } from './row-bytes.ts';

export interface Parcel {
  readonly rows: RowBytes;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface ParcelLimits {
  readonly flushRows: number;
  readonly flushBytes: number;
}

export class Parcels {
  readonly #limits: ParcelLimits;
  #waiting: Parcel[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(limits: ParcelLimits) {
    this.#limits = limits;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** A batch that need not wait for company. */
  get full(): boolean {
    return this.#rows >= this.#limits.flushRows || this.#bytes >= this.#limits.flushBytes;
  }

  add(parcel: Parcel): void {
    this.#waiting.push(parcel);
    this.#rows += parcel.rows.count;
    this.#bytes += parcel.rows.body.length;
  }

  /** The next batch: at least one parcel, then as many as fit. */
  take(): readonly Parcel[] {
    const { flushRows, flushBytes } = this.#limits;
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const { rows: more } of this.#waiting) {
      if (count > 0 && (rows + more.count > flushRows || bytes + more.body.length > flushBytes)) break;
      rows += more.count;
      bytes += more.body.length;
      count++;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#rows -= rows;
    this.#bytes -= bytes;
    return taken;
  }
}
