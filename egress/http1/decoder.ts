/**
 * The sans-io HTTP/1.1 decoder: bytes in by `push`, events out by `next`, one message after the other. Apart from
 * sockets so that a test can split its input at every byte. It never buffers a body and never guesses a length.
 * After `next` has thrown, the connection is to be closed: the decoder stays where it was.
 */
import { ByteQueue } from './byte-queue.ts';
import { parseChunkLine } from './chunk-line.ts';
import { CodecError } from './codec-error.ts';
import type { Field } from './field.ts';
import { FieldLines } from './field-lines.ts';
import type { Framing } from './head.ts';
import { codecLimit } from './limit.ts';

export type DecoderEvent<Head> =
  | { readonly type: 'head'; readonly head: Head; readonly framing: Framing }
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'end'; readonly trailers: readonly Field[] };

type State = 'head' | 'length' | 'chunk-line' | 'chunk-data' | 'chunk-end' | 'trailers' | 'close' | 'end';

export class MessageDecoder<Head> {
  readonly #queue = new ByteQueue();
  readonly #parseHead: (text: string) => { head: Head; framing: Framing };
  readonly #skipsEmptyLine: boolean;
  #skipped = false;
  #state: State = 'head';
  #scanned = 0;
  #remaining = 0;
  #extensionBytes = 0;
  #trailers: Field[] = [];
  #ended = false;

  /** `skipEmptyLine`: one empty line before a head is ignored (RFC 9112 2.2); a second one is part of a malformed head. */
  constructor(
    parseHead: (text: string) => { head: Head; framing: Framing },
    options: { readonly skipEmptyLine: boolean },
  ) {
    this.#parseHead = parseHead;
    this.#skipsEmptyLine = options.skipEmptyLine;
  }

  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#queue.push(chunk);
  }

  /** The peer will send no more. */
  finish(): void {
    this.#ended = true;
  }

  /** Bytes that belong to no message yet understood. */
  get pending(): number {
    return this.#queue.length;
  }

  /** True between messages with nothing received. */
  get idle(): boolean {
    return this.#state === 'head' && this.#queue.length === 0;
  }

  /** All bytes left, for a connection that stops being HTTP (after 101). */
  takeRest(): Buffer {
    return this.#queue.take(this.#queue.length);
  }

  /** The next event, or undefined when more bytes are needed. Throws CodecError. */
  next(): DecoderEvent<Head> | undefined {
    const event = this.#step();
    if (event === undefined && this.#ended && !(this.#state === 'head' && this.pending === 0)) {
      throw new CodecError('connection ended inside a message');
    }
    return event;
  }

  #step(): DecoderEvent<Head> | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head();
      case 'length':
      case 'chunk-data':
        return this.#counted();
      case 'close':
        return this.#untilClose();
      case 'end':
        return this.#finishMessage();
      case 'chunk-line':
      case 'chunk-end':
      case 'trailers':
        return this.#chunked();
      default:
        return this.#state satisfies never;
    }
  }

  #skipEmptyLine(): void {
    if (!this.#skipsEmptyLine || this.#skipped || this.#queue.at(0) !== 13 || this.#queue.at(1) !== 10)
      return;
    this.#queue.take(2);
    this.#skipped = true;
    this.#scanned = 0;
  }

  #head(): DecoderEvent<Head> | undefined {
    this.#skipEmptyLine();
    const end = this.#find('\r\n\r\n', codecLimit.headBytes, 431);
    if (end < 0) return undefined;
    const text = this.#queue.takeText(end);
    this.#queue.take(4);
    this.#skipped = false;
    const { head, framing } = this.#parseHead(text);
    this.#enterBody(framing);
    return { type: 'head', head, framing };
  }

  #enterBody(framing: Framing): void {
    this.#trailers = [];
    this.#extensionBytes = 0;
    switch (framing.kind) {
      case 'none':
        this.#state = 'end';
        break;
      case 'length':
        this.#state = 'length';
        this.#remaining = framing.length;
        break;
      case 'chunked':
        this.#state = 'chunk-line';
        break;
      case 'close':
        this.#state = 'close';
        break;
    }
  }

  #counted(): DecoderEvent<Head> | undefined {
    if (this.#queue.length === 0) return undefined;
    const bytes = this.#queue.take(this.#remaining);
    this.#remaining -= bytes.length;
    if (this.#remaining === 0) this.#state = this.#state === 'length' ? 'end' : 'chunk-end';
    return { type: 'data', bytes };
  }

  #untilClose(): DecoderEvent<Head> | undefined {
    if (this.#queue.length > 0) return { type: 'data', bytes: this.#queue.take(this.#queue.length) };
    return this.#ended ? this.#finishMessage() : undefined;
  }

  #finishMessage(): DecoderEvent<Head> {
    this.#state = 'head';
    return { type: 'end', trailers: this.#trailers };
  }

  #chunked(): DecoderEvent<Head> | undefined {
    if (this.#state === 'chunk-end') {
      if (this.#queue.length < 2) return undefined;
      if (this.#queue.takeText(2) !== '\r\n') throw new CodecError('chunk longer than its size');
      this.#state = 'chunk-line';
    }
    if (this.#state === 'trailers') return this.#readTrailers();
    const end = this.#find('\r\n', codecLimit.chunkLineBytes, 400);
    if (end < 0) return undefined;
    const line = parseChunkLine(this.#queue.takeText(end));
    this.#queue.take(2);
    this.#extensionBytes += line.extensionBytes;
    if (this.#extensionBytes > codecLimit.chunkExtensionBytes)
      throw new CodecError('too many chunk extensions');
    this.#remaining = line.size;
    this.#state = line.size === 0 ? 'trailers' : 'chunk-data';
    return this.#step();
  }

  #readTrailers(): DecoderEvent<Head> | undefined {
    if (this.#queue.at(0) === 13 && this.#queue.at(1) === 10) {
      this.#queue.take(2);
      return this.#finishMessage();
    }
    const end = this.#find('\r\n\r\n', codecLimit.trailerBytes, 431);
    if (end < 0) return undefined;
    const text = this.#queue.takeText(end);
    this.#queue.take(4);
    this.#trailers = new FieldLines(codecLimit.trailerCount).read(text, 0);
    return this.#finishMessage();
  }

  /** Finds a delimiter, remembering how far it looked; throws when it is not within `limit`. */
  #find(delimiter: string, limit: number, status: number): number {
    const found = this.#queue.indexOf(delimiter, this.#scanned);
    if (found > limit || (found < 0 && this.#queue.length > limit + delimiter.length)) {
      throw new CodecError('message head, chunk line or trailers too long', status);
    }
    this.#scanned = found < 0 ? Math.max(0, this.#queue.length - delimiter.length + 1) : 0;
    return found;
  }
}
