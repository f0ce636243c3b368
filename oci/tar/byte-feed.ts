/**
 * Bytes taken in pieces of one's own size from chunks of somebody else's. Apart because the tar reader is then
 * straight-line code; what is there already is handed out without waiting. Never holds more than one chunk and what is
 * asked for.
 */
export class ByteFeed {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  get held(): number {
    return this.#chunk.length;
  }

  /** True when `count` bytes can be taken; false at the end. */
  async fill(count: number): Promise<boolean> {
    const parts = [this.#chunk];
    let length = this.#chunk.length;
    while (length < count && !this.#ended) {
      const next = await this.#next();
      if (next === undefined) break;
      parts.push(next);
      length += next.length;
    }
    if (parts.length > 1) this.#chunk = Buffer.concat(parts, length);
    return length >= count;
  }

  /** At most `count`, what is held already. */
  take(count: number): Buffer {
    const taken = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** Reads to the end and forgets. */
  async drain(): Promise<void> {
    this.#chunk = Buffer.alloc(0);
    while ((await this.#next()) !== undefined);
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.();
  }

  async #next(): Promise<Buffer | undefined> {
    const { done, value } = await this.#chunks.next();
    if (done === true) {
      this.#ended = true;
      return undefined;
    }
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}
