/**
 * Stars out secrets in what an upstream sends over a WebSocket (RFC 6455), across the fragments of a message. Sans-io:
 * bytes in, bytes out, as many and in the same order, so that the lengths of frames stay true. It does not judge frames
 * (websocket.ts does); what it cannot read it stops, with a reason.
 */
import { BodyScrubber } from './body-scrubber.ts';
import { isArmed, type SecretSet } from './secret-set.ts';

const nothing = Buffer.alloc(0);
/** Frames that may wait for the bytes of one before them: a flood of empty ones would grow without bound. */
const maxWaiting = 256;

/** Bytes on their way out: those of a header, or room for those of a payload. */
interface Slot {
  readonly header: Buffer | undefined;
  room: number;
}

interface Frame {
  readonly isControl: boolean;
  readonly isFinal: boolean;
  readonly length: number;
}

/** Undefined: the header is not complete. */
function readHeader(bytes: Buffer): (Frame & { readonly headerLength: number }) | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const short = second & 0x7f;
  const headerLength = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < headerLength) return undefined;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { isControl: (first & 0x08) !== 0, isFinal: (first & 0x80) !== 0, length, headerLength };
}

/** The payload bytes of messages, in at any length, out as they become free. */
class Payload {
  readonly #scrubber: BodyScrubber;
  /** Free to go, and not yet in a slot. */
  #free: Buffer = nothing;

  constructor(set: SecretSet) {
    this.#scrubber = new BodyScrubber(set);
  }

  push(bytes: Buffer): void {
    this.#add(this.#scrubber.push(bytes));
  }

  finish(): void {
    this.#add(this.#scrubber.flush());
  }

  #add(bytes: Buffer): void {
    this.#free = this.#free.length === 0 ? bytes : Buffer.concat([this.#free, bytes]);
  }

  take(most: number): Buffer {
    const taken = this.#free.subarray(0, most);
    this.#free = this.#free.subarray(taken.length);
    return taken;
  }
}

export class FrameScrubber {
  readonly #set: SecretSet;
  readonly #isArmed: boolean;
  #header: Buffer = nothing;
  #frame: Frame | undefined;
  /** Payload bytes of the frame that are still to come. */
  #left = 0;
  #messages: Payload;
  /** Control frames are short and go out whole: at most 125 bytes wait. */
  #control: Buffer = nothing;
  #slots: Slot[] = [];
  #out: Buffer[] = [];
  /** Why nothing goes out any more. */
  stopped: string | undefined;

  constructor(set: SecretSet) {
    this.#set = set;
    this.#isArmed = isArmed(set);
    this.#messages = new Payload(set);
  }

  push(chunk: Buffer): Buffer {
    if (!this.#isArmed) return chunk;
    let rest = chunk;
    while (rest.length > 0 && this.stopped === undefined) {
      rest = this.#frame === undefined ? this.#readHeader(rest) : this.#readPayload(this.#frame, rest);
    }
    const out = this.#out;
    this.#out = [];
    return out.length === 1 ? (out[0] ?? nothing) : Buffer.concat(out);
  }

  #readHeader(bytes: Buffer): Buffer {
    const known = this.#header.length;
    const all = known === 0 ? bytes : Buffer.concat([this.#header, bytes.subarray(0, 10)]);
    const read = readHeader(all);
    if (read === undefined) {
      this.#header = Buffer.from(all);
      return nothing;
    }
    this.#header = nothing;
    if (((all[1] as number) & 0x80) !== 0) this.stopped = 'masked frame of an upstream';
    else this.#begin(read, Buffer.from(all.subarray(0, read.headerLength)));
    return bytes.subarray(read.headerLength - known);
  }

  #begin(frame: Frame, header: Buffer): void {
    this.#frame = frame;
    this.#left = frame.length;
    if (this.#slots.length > 2 * maxWaiting) this.stopped = 'too many frames within one word';
    this.#slots.push({ header, room: 0 });
    if (frame.isControl) this.#control = nothing;
    else if (frame.length > 0) this.#slots.push({ header: undefined, room: frame.length });
    if (frame.length === 0) this.#end(frame);
    this.#drain();
  }

  #readPayload(frame: Frame, bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.#left);
    this.#left -= part.length;
    if (frame.isControl) this.#control = Buffer.concat([this.#control, part]);
    else this.#messages.push(part);
    if (this.#left === 0) this.#end(frame);
    this.#drain();
    return bytes.subarray(part.length);
  }

  #end(frame: Frame): void {
    this.#frame = undefined;
    if (frame.isControl) this.#endControl();
    else if (frame.isFinal) {
      this.#messages.finish();
      this.#drain();
    }
  }

  #endControl(): void {
    const scrubber = new BodyScrubber(this.#set);
    const text = Buffer.concat([scrubber.push(this.#control), scrubber.flush()]);
    this.#slots.push({ header: text, room: 0 });
  }

  /** Sends what is free, in order; stops at a payload byte that is held back. */
  #drain(): void {
    for (let slot = this.#slots[0]; slot !== undefined; slot = this.#slots[0]) {
      if (slot.header !== undefined) this.#out.push(slot.header);
      else {
        const bytes = this.#messages.take(slot.room);
        if (bytes.length > 0) this.#out.push(bytes);
        slot.room -= bytes.length;
        if (slot.room > 0) return;
      }
      this.#slots.shift();
    }
  }
}
