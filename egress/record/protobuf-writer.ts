/**
 * Protobuf's wire format into one growing buffer, in one pass: the length of a message is patched in when it ends, as a
 * varint padded to a fixed width (the format allows it). Apart because nothing here knows what is written.
 */
const initialBytes = 256 * 1024;
/** A larger buffer is not kept for later: one burst must not stay in memory. */
const maxSpareBytes = 4 * 1024 * 1024;
/** Texts up to this length are copied here; a call into the runtime costs more. */
const shortText = 64;

/** Bytes a padded length takes: up to 16 KiB, or up to 256 MiB. */
export type LengthWidth = 2 | 4;

const twoTo32 = 2 ** 32;

export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafe(initialBytes);
  #at = 0;
  #spare: Buffer | undefined;

  get length(): number {
    return this.#at;
  }

  /** What was written; the writer starts anew in a buffer of its own. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = this.#spare ?? Buffer.allocUnsafe(Math.max(initialBytes, this.#at));
    this.#spare = undefined;
    this.#at = 0;
    return taken;
  }

  /**
   * Gives back what `take` gave; nobody may read it any more. Megabytes allocated anew several times a second made V8
   * collect its old space as often.
   */
  recycle(taken: Buffer): void {
    const { buffer } = taken;
    if (buffer.byteLength <= maxSpareBytes) this.#spare ??= Buffer.from(buffer);
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

  string(tag: number, text: string): void {
    this.byte(tag);
    if (text.length <= shortText && this.#short(text)) return;
    const byteLength = Buffer.byteLength(text);
    this.varint(byteLength);
    this.#reserve(byteLength);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  /** Length and characters; false (and nothing written) where one is not ASCII. */
  #short(text: string): boolean {
    this.#reserve(1 + shortText);
    const bytes = this.#bytes;
    const start = this.#at + 1;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[start + index] = code;
    }
    bytes[this.#at] = text.length;
    this.#at = start + text.length;
    return true;
  }

  bytes(tag: number, value: Uint8Array): void {
    this.byte(tag);
    this.varint(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
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
