/** WebSocket frames as a server reads and writes them (RFC 6455), without extensions. Pure. */

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A text as one frame of a server. */
export function writeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Where a frame's mask begins and its payload's length; undefined: its head is not whole. */
function readHead(bytes: Buffer): { readonly maskAt: number; readonly length: number } | undefined {
  const [, second] = bytes;
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const maskAt = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < maskAt + 4) return undefined;
  if (short < 126) return { maskAt, length: short };
  return { maskAt, length: short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)) };
}

/** A client's frames, put together to messages as their bytes come. */
export class FrameAssembler {
  #bytes: Buffer = Buffer.alloc(0);
  #message: Buffer[] = [];
  #opcode = 0;

  push(chunk: Buffer): Frame[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const whole: Frame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) {
      if ((frame.opcode & 8) !== 0) whole.push(frame);
      else whole.push(...this.#add(frame));
    }
    return whole;
  }

  #add({ opcode, payload, isFinal }: Frame & { readonly isFinal: boolean }): Frame[] {
    if (opcode !== 0) this.#opcode = opcode;
    this.#message.push(payload);
    if (!isFinal) return [];
    const message = Buffer.concat(this.#message);
    this.#message = [];
    return [{ opcode: this.#opcode, payload: message }];
  }

  #take(): (Frame & { readonly isFinal: boolean }) | undefined {
    const bytes = this.#bytes;
    const [first = 0] = bytes;
    const head = readHead(bytes);
    if (head === undefined) return undefined;
    const { maskAt, length } = head;
    const [start, end] = [maskAt + 4, maskAt + 4 + length];
    if (bytes.length < end) return undefined;
    const payload = Buffer.from(bytes.subarray(start, end));
    for (let index = 0; index < length; index += 1) {
      payload[index] = (payload[index] ?? 0) ^ (bytes[maskAt + (index & 3)] ?? 0);
    }
    this.#bytes = bytes.subarray(end);
    return { opcode: first & 0x0f, payload, isFinal: (first & 0x80) !== 0 };
  }
}
