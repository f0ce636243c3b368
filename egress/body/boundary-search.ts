/**
 * Finds a boundary in bytes that arrive in chunks, each byte once (Knuth, Morris and Pratt): no choice of boundary and
 * bytes makes it slow. Pure; keeps a table as long as the boundary.
 */
import { Buffer } from 'node:buffer';

export class BoundarySearch {
  readonly needle: Buffer;
  /** After so many matching bytes and one that does not match: so many match all the same. */
  readonly #fallback: Uint8Array;
  #matched = 0;

  /** `text`: ASCII, at most 255 characters. */
  constructor(text: string) {
    this.needle = Buffer.from(text, 'latin1');
    this.#fallback = new Uint8Array(text.length + 1);
    for (let length = 1, border = 0; length < text.length; length += 1) {
      while (border > 0 && text[length] !== text[border]) border = this.#fallback[border] ?? 0;
      if (text[length] === text[border]) border += 1;
      this.#fallback[length + 1] = border;
    }
  }

  /** Forgets what came before. */
  reset(): void {
    this.#matched = 0;
  }

  /** Index behind the boundary, or -1 when the bytes are over. */
  find(bytes: Buffer, from: number): number {
    const { needle } = this;
    const first = needle[0] ?? 0;
    let at = from;
    while (at < bytes.length) {
      if (this.#matched === 0) while (at < bytes.length && bytes[at] !== first) at += 1;
      if (at >= bytes.length) return -1;
      this.#take(bytes[at] ?? 0);
      at += 1;
      if (this.#matched < needle.length) continue;
      this.#matched = 0;
      return at;
    }
    return -1;
  }

  #take(byte: number): void {
    let matched = this.#matched;
    while (matched > 0 && byte !== this.needle[matched]) matched = this.#fallback[matched] ?? 0;
    this.#matched = byte === this.needle[matched] ? matched + 1 : 0;
  }
}
