/**
 * Reads a body that is there already, in steps of bounded size, so that the caller can let others run in between. Pure: it
 * does not wait by itself.
 */
import type { Buffer } from 'node:buffer';
import type { BodyResult, PlainReader } from './body-result.ts';

export class BufferedRead {
  readonly #reader: PlainReader;
  readonly #buffers: readonly Buffer[];
  #index = 0;
  #offset = 0;

  /** `buffers` must not change until the result is there. */
  constructor(reader: PlainReader, buffers: readonly Buffer[]) {
    this.#reader = reader;
    this.#buffers = buffers;
  }

  /** Reads at most `maxBytes` bytes (at least one). Undefined: there is more to read. */
  step(maxBytes: number): BodyResult | undefined {
    let left = Math.max(1, maxBytes);
    for (;;) {
      const buffer = this.#buffers[this.#index];
      if (buffer === undefined) return this.#reader.end();
      if (left === 0) return undefined;
      const part = buffer.subarray(this.#offset, this.#offset + left);
      const refused = this.#reader.push(part);
      if (refused !== undefined) return refused;
      left -= part.length;
      this.#offset += part.length;
      if (this.#offset < buffer.length) continue;
      this.#index += 1;
      this.#offset = 0;
    }
  }
}
