/**
 * Bytes kept as they came, piece by piece. Small pieces are copied together, so that what is kept costs about as much memory as
 * it has bytes, however it was cut: a sender of single bytes must not make a gateway hold a hundred times as much. A piece is
 * copied at most twice; large ones are not.
 */

/** An object for a piece, and the read it is a part of, cost nothing beside so many bytes. */
const smallBytes = 4_096;
/** Small pieces in a row before they become one. */
const maxSmall = 64;

export class ChunkList {
  #chunks: Buffer[] = [];
  /** How many of the last ones are small, before and after they were put together once. */
  #small = 0;
  #joined = 0;
  length = 0;

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.length += bytes.length;
    this.#chunks.push(bytes);
    if (bytes.length >= smallBytes) {
      this.#small = 0;
      this.#joined = 0;
      return;
    }
    this.#small += 1;
    if (this.#small < maxSmall) return;
    this.#join(maxSmall);
    this.#small = 0;
    this.#joined += 1;
    if (this.#joined < maxSmall) return;
    this.#join(maxSmall);
    this.#joined = 0;
  }

  /** Nothing is kept any more. */
  clear(): void {
    this.#chunks = [];
    this.#small = 0;
    this.#joined = 0;
    this.length = 0;
  }

  #join(count: number): void {
    this.#chunks.push(Buffer.concat(this.#chunks.splice(-count)));
  }
}
