/**
 * AWS's event stream (application/vnd.amazon.eventstream): messages of a prelude (length, length of headers, CRC), headers and a
 * payload, with a CRC over all. Sans-io. A message whose sums are wrong breaks the stream: nothing in it, nor after it, is believed.
 */
import { ByteQueue } from '../../http1/byte-queue.ts';
import type { WireEvent } from '../codec.ts';
import { jsonText, parseObject } from '../json.ts';
import { crc32 } from './crc32.ts';
import { encodeHeaders, readHeaders } from './aws-headers.ts';
import { maxEventBytes, type FrameEnd, type FrameReader, type FrameWriter } from './frame-reader.ts';

const preludeBytes = 12;
/** Prelude and the last CRC. */
const frameBytes = preludeBytes + 4;
const maxHeaderBytes = 128 * 1024;

interface Prelude {
  readonly total: number;
  readonly headers: number;
}

function readPrelude(bytes: Buffer, maxBytes: number): Prelude | undefined {
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) return undefined;
  const total = bytes.readUInt32BE(0);
  const headers = bytes.readUInt32BE(4);
  const fits = headers <= maxHeaderBytes && total >= frameBytes + headers && total <= maxBytes;
  return fits ? { total, headers } : undefined;
}

/** undefined: the payload is no JSON object, or the message says of no kind that it is one. */
function eventOf(headers: ReadonlyMap<string, string>, payload: Buffer): WireEvent | undefined {
  const type = headers.get(':message-type');
  if (type === 'error') {
    const code = headers.get(':error-code') ?? 'InternalError';
    return { name: 'error', data: { code, message: headers.get(':error-message') ?? code } };
  }
  const name = headers.get(type === 'exception' ? ':exception-type' : ':event-type');
  if ((type !== 'event' && type !== 'exception') || name === undefined) return undefined;
  const data = payload.length === 0 ? {} : parseObject(payload.toString('utf8'));
  return data && { name, data };
}

export class AwsEventReader implements FrameReader {
  readonly #queue = new ByteQueue();
  readonly #maxBytes: number;
  #head: Buffer | undefined;
  #prelude: Prelude | undefined;
  broken = false;

  /** A message that is longer breaks the stream. */
  constructor(maxBytes = maxEventBytes) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): WireEvent[] {
    const events: WireEvent[] = [];
    if (this.broken || chunk.length === 0) return events;
    this.#queue.push(chunk);
    for (let event = this.#next(); event !== undefined; event = this.#next()) events.push(event);
    return events;
  }

  /** An event that is whole; undefined: not yet, or never. */
  #next(): WireEvent | undefined {
    if (this.broken || !this.#readHead()) return undefined;
    const { total = 0, headers = 0 } = this.#prelude ?? {};
    if (this.#queue.length < total - preludeBytes) return undefined;
    const rest = this.#queue.take(total - preludeBytes);
    const event = this.#readRest(rest, headers);
    this.#head = undefined;
    this.#prelude = undefined;
    if (event === undefined) this.broken = true;
    return event;
  }

  /** False: the prelude is not here, or is none. */
  #readHead(): boolean {
    if (this.#head !== undefined) return true;
    if (this.#queue.length < preludeBytes) return false;
    this.#head = this.#queue.take(preludeBytes);
    this.#prelude = readPrelude(this.#head, this.#maxBytes);
    if (this.#prelude === undefined) this.broken = true;
    return !this.broken;
  }

  #readRest(rest: Buffer, headerLength: number): WireEvent | undefined {
    const end = rest.length - 4;
    const sum = crc32(rest.subarray(0, end), crc32(this.#head ?? rest));
    if (sum !== rest.readUInt32BE(end)) return undefined;
    const headers = readHeaders(rest.subarray(0, headerLength));
    return headers && eventOf(headers, rest.subarray(headerLength, end));
  }

  end(): FrameEnd {
    if (this.broken) return 'broken';
    return this.#queue.length === 0 && this.#head === undefined ? 'whole' : 'cut';
  }
}

/** What Bedrock's SDKs tell as an error, by its name. */
function isException(name: string): boolean {
  return name.endsWith('Exception');
}

export class AwsEventWriter implements FrameWriter {
  write({ name, data }: WireEvent): Buffer {
    const text = data === '[DONE]' ? undefined : jsonText(data);
    if (name === undefined || text === undefined) return Buffer.alloc(0);
    const isError = isException(name);
    const headers = encodeHeaders([
      [isError ? ':exception-type' : ':event-type', name],
      [':content-type', 'application/json'],
      [':message-type', isError ? 'exception' : 'event'],
    ]);
    const payload = Buffer.from(text);
    const message = Buffer.alloc(frameBytes + headers.length + payload.length);
    message.writeUInt32BE(message.length, 0);
    message.writeUInt32BE(headers.length, 4);
    message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
    headers.copy(message, preludeBytes);
    payload.copy(message, preludeBytes + headers.length);
    message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
    return message;
  }

  end(): Buffer {
    return Buffer.alloc(0);
  }
}
