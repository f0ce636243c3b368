/**
 * Frames of one side of a WebSocket (RFC 6455) that have been judged, taken apart into messages: payloads without their mask, as they
 * come. Sans-io; it holds a header and a control frame at most, and must never be given frames that nobody judged (session/websocket.ts).
 */
const nothing = Buffer.alloc(0);

export interface FrameListener {
  /** A control frame as it came, with its header. */
  control(frame: Buffer): void;
  start(isText: boolean): void;
  data(bytes: Buffer): void;
  /** The message is whole. `at`: behind its last byte in the chunk that was pushed. */
  end(at: number): void;
}

function headerLength(second: number): number {
  const short = second & 0x7f;
  return 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + ((second & 0x80) === 0 ? 0 : 4);
}

function payloadLength(header: Buffer): number {
  const short = (header[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  return short === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
}

export class FrameReader {
  readonly #listener: FrameListener;
  #header: Buffer = nothing;
  /** Of the frame under way; undefined: between two. */
  #left: number | undefined;
  #mask: Buffer = nothing;
  #maskAt = 0;
  #inMessage = false;
  /** Of a control frame. */
  #control: Buffer[] | undefined;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Neither in a frame nor in a message of several. */
  get isBetween(): boolean {
    return this.#left === undefined && this.#header.length === 0 && !this.#inMessage;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#left === undefined ? this.#readHeader(chunk, at) : this.#readPayload(chunk, at, this.#left);
      if (this.#left === 0) this.#endFrame(at);
    }
  }

  #readHeader(chunk: Buffer, at: number): number {
    const known = this.#header.length;
    const all =
      known === 0 ? chunk.subarray(at, at + 14) : Buffer.concat([this.#header, chunk.subarray(at, at + 14)]);
    const second = all[1];
    const length = second === undefined ? 2 : headerLength(second);
    if (all.length < length) {
      this.#header = Buffer.from(all);
      return chunk.length;
    }
    this.#header = Buffer.from(all.subarray(0, length));
    this.#begin(this.#header);
    return at + length - known;
  }

  #begin(header: Buffer): void {
    const [first = 0, second = 0] = header;
    this.#left = payloadLength(header);
    this.#mask = (second & 0x80) === 0 ? nothing : header.subarray(-4);
    this.#maskAt = 0;
    if ((first & 0x08) !== 0) this.#control = [header];
    else if (!this.#inMessage) {
      this.#inMessage = true;
      this.#listener.start((first & 0x0f) === 1);
    }
  }

  #readPayload(chunk: Buffer, at: number, left: number): number {
    const part = chunk.subarray(at, at + left);
    this.#left = left - part.length;
    if (this.#control === undefined) this.#listener.data(this.#unmasked(part));
    else this.#control.push(Buffer.from(part));
    return at + part.length;
  }

  #unmasked(part: Buffer): Buffer {
    if (this.#mask.length === 0) return part;
    const plain = Buffer.allocUnsafe(part.length);
    for (let index = 0; index < part.length; index += 1) {
      plain[index] = (part[index] ?? 0) ^ (this.#mask[(this.#maskAt + index) & 3] ?? 0);
    }
    this.#maskAt = (this.#maskAt + part.length) & 3;
    return plain;
  }

  #endFrame(at: number): void {
    const isFinal = ((this.#header[0] ?? 0) & 0x80) !== 0;
    const control = this.#control;
    this.#header = nothing;
    this.#left = undefined;
    this.#control = undefined;
    if (control !== undefined) this.#listener.control(Buffer.concat(control));
    else if (isFinal) {
      this.#inMessage = false;
      this.#listener.end(at);
    }
  }
}
