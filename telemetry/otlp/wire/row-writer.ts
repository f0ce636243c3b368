/**
 * Rows of JSON as bytes. Text that needs no escape is copied as it came; it says when some does, and whoever writes takes another
 * way. Grows as it must, by what a caller announces.
 */
import { isUtf8 } from 'node:buffer';
import { cut } from '../otlp-value.ts';
import type { Slice } from './wire-reader.ts';

const hex = Buffer.from('0123456789abcdef');
const quote = 0x22;
const backslash = 0x5c;

export class RowWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Room for so many bytes more: before each row, so that no byte need be asked about. */
  ensure(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  /** Forgets what was written behind a place. */
  rewind(length: number): void {
    this.#length = length;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  put(from: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < from.length; index++) bytes[at++] = from[index] as number;
    this.#length = at;
  }

  /** Any text; makes its own room. */
  text(value: string): void {
    this.ensure(value.length * 3);
    this.#length += this.#bytes.write(value, this.#length, 'utf8');
  }

  /** In quotes. False, and nothing written, when it is more than plain ASCII. */
  plain(from: Uint8Array, start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = quote;
    for (let index = start; index < end; index++) {
      const value = from[index] as number;
      if (value < 0x20 || value >= 0x7f || value === quote || value === backslash) return false;
      bytes[at++] = value;
    }
    bytes[at++] = quote;
    this.#length = at;
    return true;
  }

  /** Any text of the sender's, as JSON has it, cut to so many characters. False when it is no text. */
  quoted(from: Buffer, [start, end]: Slice, maxChars: number): boolean {
    if (end - start <= maxChars && this.plain(from, start, end)) return true;
    if (!isUtf8(from.subarray(start, end))) return false;
    this.text(JSON.stringify(cut(from.toString('utf8', start, end), maxChars)));
    return true;
  }

  hex(from: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = start; index < end; index++) {
      const value = from[index] as number;
      bytes[at++] = hex[value >> 4] as number;
      bytes[at++] = hex[value & 15] as number;
    }
    this.#length = at;
  }

  /** A number of ours, whole and not negative. */
  digits(value: number): void {
    if (value >= 10) this.digits(Math.floor(value / 10));
    this.#bytes[this.#length++] = 0x30 + (value % 10);
  }
}
