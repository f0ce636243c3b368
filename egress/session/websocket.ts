/**
 * WebSocket frames as they pass (RFC 6455), sans-io: only headers are read, payloads go by. Apart so that a relay after an
 * upgrade is still HTTP's child and not a raw tunnel: what is no frame ends it (S32).
 */
export type FrameSide = 'agent' | 'upstream';

/** One message of an agent may be this long; frames are not buffered, so this bounds nothing but abuse. */
const maxFrameBytes = 64 * 1024 * 1024;
const opcodes = new Set([0, 1, 2, 8, 9, 10]);
const closeOpcode = 8;
const maxControlBytes = 125;
/** Bytes of the length that follows these values of the short one. */
const longLengthBytes: ReadonlyMap<number, number> = new Map([
  [126, 2],
  [127, 8],
]);

function judgeFirst(first: number): string | undefined {
  if ((first & 0x70) !== 0) return 'reserved bits without an extension';
  return opcodes.has(first & 0x0f) ? undefined : 'unknown opcode';
}

/** Control frames are short and whole (RFC 6455 5.5). */
function isBadControl(first: number, short: number): boolean {
  return (first & 0x08) !== 0 && (short > maxControlBytes || (first & 0x80) === 0);
}

export class FrameInspector {
  readonly #side: FrameSide;
  #header: number[] = [];
  #payload = 0;
  #frames = 0;
  #closes = false;
  /** A message of several frames whose last one has not come. */
  #inMessage = false;

  constructor(side: FrameSide) {
    this.#side = side;
  }

  get frames(): number {
    return this.#frames;
  }

  /** This side has said goodbye. */
  get closes(): boolean {
    return this.#closes;
  }

  /** The reason to end the connection, or undefined. */
  push(chunk: Buffer): string | undefined {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#payload > 0) {
        const step = Math.min(this.#payload, chunk.length - offset);
        this.#payload -= step;
        offset += step;
        continue;
      }
      this.#header.push(chunk[offset] ?? 0);
      offset += 1;
      const reason = this.#judge();
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #judge(): string | undefined {
    const [first = 0, second] = this.#header;
    return second === undefined
      ? (judgeFirst(first) ?? this.#judgeOrder(first))
      : this.#judgeLength(first, second);
  }

  #judgeLength(first: number, second: number): string | undefined {
    const isMasked = (second & 0x80) !== 0;
    if (isMasked !== (this.#side === 'agent')) return 'wrong masking';
    const short = second & 0x7f;
    if (isBadControl(first, short)) return 'bad control frame';
    const lengthBytes = longLengthBytes.get(short) ?? 0;
    if (this.#header.length < 2 + lengthBytes + (isMasked ? 4 : 0)) return undefined;
    const length = lengthBytes === 0 ? short : this.#longLength(lengthBytes);
    if (length > maxFrameBytes) return 'frame too long';
    this.#begin(first, length);
    return undefined;
  }

  /** Frames of one message follow each other (RFC 6455 5.4); control frames may stand between them. */
  #judgeOrder(first: number): string | undefined {
    const opcode = first & 0x0f;
    if (opcode >= closeOpcode || (opcode === 0) === this.#inMessage) return undefined;
    return this.#inMessage ? 'a message within a message' : 'a continuation of no message';
  }

  #begin(first: number, length: number): void {
    if ((first & 0x0f) < closeOpcode) this.#inMessage = (first & 0x80) === 0;
    this.#payload = length;
    if ((first & 0x0f) === closeOpcode) this.#closes = true;
    this.#header = [];
    this.#frames += 1;
  }

  #longLength(count: number): number {
    return this.#header.slice(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  }
}
