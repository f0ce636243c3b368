/**
 * Protobuf's wire, field by field, over one buffer. It makes nothing of what it reads but numbers, and never throws: what is
 * cut, or of a wire type nobody uses here, ends with `isBad`, and another decoder says what is wrong with it.
 */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Where something is. */
export type Slice = readonly [start: number, end: number];

export class WireReader {
  readonly bytes: Buffer;
  /** Where the current field ends, and the next begins. */
  #at = 0;
  #end = 0;
  field = 0;
  type = 0;
  /** Of a field of bytes: where they are. Of a fixed one: `start`. */
  start = 0;
  end = 0;
  /** Of a varint, its lower 32 and the bits above. */
  low = 0;
  high = 0;
  isBad = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Reads the message between two places. */
  open(start: number, end: number): this {
    this.#at = start;
    this.#end = end;
    this.isBad = false;
    return this;
  }

  /** False at the end, and at what it cannot read. */
  next(): boolean {
    if (this.isBad || this.#at >= this.#end) return false;
    if (!this.#varint() || this.high !== 0) return this.#bad();
    this.field = this.low >>> 3;
    this.type = this.low & 7;
    return (this.field > 0 && this.#value()) || this.#bad();
  }

  #value(): boolean {
    switch (this.type) {
      case wireType.varint:
        return this.#varint();
      case wireType.fixed64:
        return this.#span(8);
      case wireType.fixed32:
        return this.#span(4);
      case wireType.bytes:
        return this.#varint() && this.high === 0 && this.#span(this.low);
      default:
        return false;
    }
  }

  #bad(): false {
    this.isBad = true;
    return false;
  }

  #span(length: number): boolean {
    this.start = this.#at;
    this.end = this.#at + length;
    if (this.end > this.#end) return false;
    this.#at = this.end;
    return true;
  }

  /** At most ten bytes, as protobuf has it. */
  #varint(): boolean {
    const { bytes } = this;
    let at = this.#at;
    const end = this.#end;
    let byte = at < end ? (bytes[at++] as number) : 256;
    if (byte < 0x80) {
      this.low = byte;
      this.high = 0;
      this.#at = at;
      return true;
    }
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; shift < 70; shift += 7) {
      if (byte === 256 || at >= end) return false;
      byte = bytes[at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.#at = at;
        return true;
      }
    }
    return false;
  }
}
