/**
 * Protobuf's wire format into one growing buffer, in one pass: the length of a message is patched in when it ends, as a
 * varint padded to a fixed width (the format allows it). Apart because nothing here knows what is written.
 */
const initialBytes = 256 * 1024;
/** A larger buffer is not kept for later: one burst must not stay in memory. */
const maxSpareBytes = 4 * 1024 * 1024;
/** A UTF-16 unit is at most three bytes of UTF-8: so many fit a length of one, two or four bytes, whatever they are. */
const shortText = Math.floor(0x7f / 3);
const mediumText = Math.floor(0x3fff / 3);

/** Bytes a padded length takes: up to 127 bytes, 16 KiB, or 256 MiB. */
export type LengthWidth = 1 | 2 | 4;

const twoTo32 = 2 ** 32;

export class ProtobufWriter {
  readonly #initial: number;
  #bytes: Buffer;
  #at = 0;
  #spare: Buffer | undefined;

  constructor(initial = initialBytes) {
    this.#initial = initial;
    this.#bytes = Buffer.allocUnsafe(initial);
  }

  get length(): number {
    return this.#at;
  }

  /** What was written; the writer starts anew. Memory that is mostly empty is not given away with it. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    if (2 * taken.length < this.#bytes.length) {
      const copy = Buffer.from(taken);
      // Grown for one large record: not kept for its like.
      if (this.#bytes.length > maxSpareBytes) this.#bytes = Buffer.allocUnsafe(this.#initial);
      return copy;
    }
    this.#bytes = this.#spare ?? Buffer.allocUnsafe(Math.max(this.#initial, taken.length));
    this.#spare = undefined;
    return taken;
  }

  /**
   * Gives back what `take` gave; nobody may read it any more. Megabytes allocated anew several times a second made V8
   * collect its old space as often.
   */
  recycle(taken: Buffer): void {
    const { buffer } = taken;
    const isOwn = buffer.byteLength >= this.#initial && buffer.byteLength <= maxSpareBytes;
    if (isOwn) this.#spare ??= Buffer.from(buffer);
  }

  /** Room for `count` more bytes. */
  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + count));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** A non-negative safe integer. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** Unix milliseconds as fixed64 nanoseconds, true to the microsecond. */
  nanos(milliseconds: number): void {
    this.#reserve(8);
    const micros = Math.floor(milliseconds * 1000);
    const low = (micros >>> 0) * 1000;
    this.#fixed32(low >>> 0);
    this.#fixed32(Math.floor(micros / twoTo32) * 1000 + Math.floor(low / twoTo32));
  }

  #fixed32(value: number): void {
    const bytes = this.#bytes;
    bytes[this.#at++] = value & 0xff;
    bytes[this.#at++] = (value >>> 8) & 0xff;
    bytes[this.#at++] = (value >>> 16) & 0xff;
    bytes[this.#at++] = value >>> 24;
  }

  /** Starts a length-delimited field; `close` with what it returns. */
  open(tag: number, width: LengthWidth): number {
    this.#reserve(5);
    this.#bytes[this.#at] = tag;
    this.#at += 1 + width;
    return this.#at;
  }

  close(start: number, width: LengthWidth): void {
    let length = this.#at - start;
    if (length >= 1 << (7 * width)) throw new RangeError('protobuf field too long for its width');
    for (let at = start - width; at < start - 1; at += 1) {
      this.#bytes[at] = (length & 0x7f) | 0x80;
      length >>>= 7;
    }
    this.#bytes[start - 1] = length;
  }

  /**
   * One call into the runtime: room is made for the longest the text may be, and its length patched in. A loop over its
   * characters cost four times as much on Node 26.
   */
  string(tag: number, text: string): void {
    const width = text.length <= shortText ? 1 : text.length <= mediumText ? 2 : 4;
    this.#reserve(5 + 3 * text.length);
    const start = this.open(tag, width);
    this.#at += this.#bytes.write(text, start, 'utf8');
    this.close(start, width);
  }

  /** ASCII alone, such as base64: copied, not encoded. */
  ascii(tag: number, text: string): void {
    this.byte(tag);
    this.varint(text.length);
    this.#reserve(text.length);
    this.#at += this.#bytes.write(text, this.#at, 'latin1');
  }

  bytes(tag: number, value: Uint8Array): void {
    this.byte(tag);
    this.varint(value.length);
    this.raw(value);
  }

  /** The first `length` bytes of `from`. */
  rawPart(from: Uint8Array, length: number): void {
    this.#reserve(from.length);
    // All of it, of which the rest is written over: a view of a part would cost more than the bytes.
    this.#bytes.set(from, this.#at);
    this.#at += length;
  }

  /** `length` bytes of `from` as a field; a few, such as an id. */
  short(tag: number, from: Uint8Array, at: number, length: number): void {
    this.#reserve(2 + length);
    const bytes = this.#bytes;
    bytes[this.#at++] = tag;
    bytes[this.#at++] = length;
    for (let index = 0; index < length; index += 1) bytes[this.#at++] = from[at + index] ?? 0;
  }

  /** Copies what was written from `start` on; returns how much that is. */
  copyTo(target: Uint8Array, start: number): number {
    const bytes = this.#bytes;
    const length = this.#at - start;
    for (let index = 0; index < length; index += 1) target[index] = bytes[start + index] ?? 0;
    return length;
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Forgets what was written from `length` on. */
  rewind(length: number): void {
    this.#at = length;
  }

  /** What was written from `start` to `end`: valid until the next write. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Writes over one byte, at an offset `length` told. */
  patch(at: number, value: number): void {
    this.#bytes[at] = value;
  }
}
