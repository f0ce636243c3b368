/**
 * Is a text that arrives in chunks UTF-8, when a character may lie in two of them? Pure; keeps at most three bytes. What
 * it has taken is well-formed, but for the last character that is not whole yet.
 */
import { Buffer, isUtf8 } from 'node:buffer';

const empty = Buffer.alloc(0);

/** Bytes of the character this byte begins; 0: it begins none. */
function lengthOf(lead: number): number {
  if (lead > 0xf4) return 0;
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc2 ? 2 : 0;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

/** Bytes at the end that may be the beginning of a character. */
function openEnd(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}

export class Utf8Check {
  #open: Buffer = empty;

  /** False: not UTF-8, whatever comes. */
  push(bytes: Buffer): boolean {
    let rest = bytes;
    if (this.#open.length > 0) {
      const missing = lengthOf(this.#open[0] ?? 0) - this.#open.length;
      const next = bytes.subarray(0, missing);
      // At once, not when the character is complete: what reads the text would take these bytes for a quote.
      if (!next.every(isContinuation)) return false;
      const character = Buffer.concat([this.#open, next]);
      if (bytes.length < missing) {
        this.#open = character;
        return true;
      }
      if (!isUtf8(character)) return false;
      rest = bytes.subarray(missing);
    }
    const open = openEnd(rest);
    this.#open = open === 0 ? empty : Buffer.from(rest.subarray(rest.length - open));
    return isUtf8(open === 0 ? rest : rest.subarray(0, rest.length - open));
  }

  /** Does it end with a whole character? */
  get complete(): boolean {
    return this.#open.length === 0;
  }
}
