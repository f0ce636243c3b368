/**
 * Names of attributes as they were met, with what is written for each: senders use the same few dozen in every record. Found by a
 * sum of their bytes and compared whole; bounded, because senders choose them.
 */
import { claimNames } from '../otlp-claim.ts';

export interface KnownKey {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** `"name":` */
  readonly json: Uint8Array;
  /** It may say on whose behalf a record speaks. */
  readonly isClaim: boolean;
  /** The record it was last met in: twice in one is rare, and another's to decide. */
  record: number;
}

/** As many names as an installation has, many times over; those of one record come on top. */
const maxKeys = 4096;
const maxKeyBytes = 128;

/** Not a number, which an object would put first, nor anything with an escape. */
const plainName = /^[a-zA-Z][\w.\-/]*$/;

function isSame(a: Uint8Array, from: Uint8Array, start: number): boolean {
  for (let index = 0; index < a.length; index++) if (a[index] !== from[start + index]) return false;
  return true;
}

export class KnownKeys {
  readonly #bySum = new Map<number, KnownKey>();
  #record = 0;

  /** The number of the next record. Names are only forgotten between two: within one, they tell whether a name comes twice. */
  nextRecord(): number {
    // Begun anew: names that are used come back at once, names somebody made up do not stay.
    if (this.#bySum.size >= maxKeys) this.#bySum.clear();
    this.#record += 1;
    return this.#record;
  }

  /** Undefined: an unusual one. */
  find(from: Buffer, start: number, end: number): KnownKey | undefined {
    const length = end - start;
    if (length === 0 || length > maxKeyBytes) return undefined;
    let sum = length;
    for (let index = start; index < end; index++) sum = (Math.imul(sum, 31) + (from[index] as number)) | 0;
    const known = this.#bySum.get(sum);
    if (known !== undefined)
      return known.bytes.length === length && isSame(known.bytes, from, start) ? known : undefined;
    return this.#learn(sum, from, start, end);
  }

  #learn(sum: number, from: Buffer, start: number, end: number): KnownKey | undefined {
    const name = from.toString('latin1', start, end);
    if (!plainName.test(name)) return undefined;
    const key: KnownKey = {
      name,
      bytes: Uint8Array.from(from.subarray(start, end)),
      json: Uint8Array.from(Buffer.from(`"${name}":`)),
      isClaim: claimNames.has(name),
      record: 0,
    };
    this.#bySum.set(sum, key);
    return key;
  }
}
