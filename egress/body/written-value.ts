/**
 * One value of a JSON text as it was written, over as many chunks as it takes: its digest, and its text where the reader's
 * room for such texts lasts. Pure; memory is bounded by that room.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { WrittenJson } from '../../decision/index.ts';

export class WrittenValue {
  /** Bytes that may be kept still, of all values of the text together. */
  #room: number;
  #hash: Hash | undefined;
  /** Twice as large when it is full: many small chunks cost no more than a few large ones. */
  #kept: Buffer | undefined;
  #length = 0;
  /** Where it goes on in the chunk that is read. */
  #from = 0;

  constructor(room: number) {
    this.#room = room;
  }

  /** A value begins at this place of the chunk. */
  start(at: number): void {
    this.#hash = createHash('sha256');
    this.#kept = Buffer.alloc(0);
    this.#length = 0;
    this.#from = at;
  }

  /** The chunk is over, and may be changed afterwards. */
  hold(bytes: Buffer): void {
    this.#add(bytes, bytes.length);
    this.#from = 0;
  }

  /** The value ends before this place of the chunk. */
  end(bytes: Buffer, at: number): WrittenJson {
    this.#add(bytes, at);
    const text = this.#kept?.toString('utf8', 0, this.#length);
    const digest = `sha256:${this.#hash?.digest('hex') ?? ''}`;
    this.#hash = undefined;
    this.#kept = undefined;
    return { text, digest };
  }

  #add(bytes: Buffer, end: number): void {
    if (this.#hash === undefined) return;
    const part = bytes.subarray(this.#from, end);
    this.#hash.update(part);
    if (part.length > this.#room) this.#kept = undefined;
    if (this.#kept === undefined) return;
    this.#room -= part.length;
    this.#keep(this.#kept, part);
  }

  #keep(before: Buffer, part: Buffer): void {
    const length = this.#length + part.length;
    const kept = length > before.length ? Buffer.alloc(Math.max(length, before.length * 2)) : before;
    if (kept !== before) before.copy(kept, 0, 0, this.#length);
    part.copy(kept, this.#length);
    this.#kept = kept;
    this.#length = length;
  }
}
