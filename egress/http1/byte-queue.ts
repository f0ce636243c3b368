/**
 * Bytes received and not yet understood. Apart so that a peer who sends one byte a segment costs amortized constant
 * time a byte: the store doubles, and nothing handed out is ever overwritten.
 */
const empty = Buffer.alloc(0);

export class ByteQueue {
  #store: Buffer = empty;
  #start = 0;
  #end = 0;
  #own = false;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.length === 0) {
      this.#store = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#own = false;
      return;
    }
    if (!this.#own || this.#end + chunk.length > this.#store.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * (this.length + chunk.length), 1024));
      this.#store.copy(grown, 0, this.#start, this.#end);
      this.#end = this.length;
      this.#start = 0;
      this.#store = grown;
      this.#own = true;
    }
    chunk.copy(this.#store, this.#end);
    this.#end += chunk.length;
  }

  /** Offset of `needle` from the front, looking from offset `from`; -1 when absent. */
  indexOf(needle: string, from: number): number {
    const found = this.#store.indexOf(needle, this.#start + from, 'latin1');
    return found < 0 || found + needle.length > this.#end ? -1 : found - this.#start;
  }

  /** Takes up to `count` bytes without copying. */
  take(count: number): Buffer {
    const bytes = this.#store.subarray(this.#start, Math.min(this.#start + count, this.#end));
    this.#start += bytes.length;
    if (this.#start === this.#end) {
      this.#store = empty;
      this.#start = 0;
      this.#end = 0;
      this.#own = false;
    }
    return bytes;
  }

  /** Takes `count` bytes as latin1 text. */
  takeText(count: number): string {
    return this.take(count).toString('latin1');
  }

  at(offset: number): number | undefined {
    return offset < this.length ? this.#store[this.#start + offset] : undefined;
  }
}
