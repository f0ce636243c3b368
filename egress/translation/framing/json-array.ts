/**
 * A stream that is one JSON list of objects, an event each, as Google sends without alt=sse: pretty-printed, split anywhere. Sans-io:
 * brackets and strings tell where an object ends, JSON.parse what it says. One object that stands alone is a stream of one event:
 * so come errors.
 */
import { ChunkList } from '../../chunk-list.ts';
import type { WireEvent } from '../codec.ts';
import { jsonText, parseObject } from '../json.ts';
import { maxEventBytes, type FrameEnd, type FrameReader, type FrameWriter } from './frame-reader.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** `start`: before all; `first`: after `[`; `item`: after a comma; `object`: in one; `next`: after one; `over`: after the last. */
type Place = 'start' | 'first' | 'item' | 'object' | 'next' | 'over';

const moves: Readonly<Record<Place, ReadonlyMap<number, Place>>> = {
  start: new Map([
    [openBrace, 'object'],
    [openBracket, 'first'],
  ]),
  first: new Map([
    [openBrace, 'object'],
    [closeBracket, 'over'],
  ]),
  item: new Map([[openBrace, 'object']]),
  object: new Map(),
  next: new Map([
    [comma, 'item'],
    [closeBracket, 'over'],
  ]),
  over: new Map(),
};

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

export class JsonArrayReader implements FrameReader {
  #place: Place = 'start';
  #isListed = false;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #held = new ChunkList();
  broken = false;

  push(chunk: Buffer): WireEvent[] {
    const events: WireEvent[] = [];
    let at = 0;
    while (at < chunk.length && !this.broken) {
      if (this.#place === 'object') at = this.#passObject(chunk, at, events);
      else at = this.#passBetween(chunk[at] ?? 0, at);
    }
    return events;
  }

  /** One byte outside of the objects; where to go on. */
  #passBetween(byte: number, at: number): number {
    if (isBlank(byte)) return at + 1;
    const next = moves[this.#place].get(byte);
    if (next === undefined) this.broken = true;
    else this.#place = next;
    if (next === 'first') this.#isListed = true;
    return next === 'object' ? at : at + 1;
  }

  #passObject(chunk: Buffer, from: number, events: WireEvent[]): number {
    const end = this.#endOfObject(chunk, from);
    this.#held.push(chunk.subarray(from, end < 0 ? chunk.length : end));
    if (this.#held.length > maxEventBytes) this.broken = true;
    if (end < 0 || this.broken) return chunk.length;
    const data = parseObject(Buffer.concat(this.#held.chunks).toString('utf8'));
    this.#held = new ChunkList();
    this.#place = this.#isListed ? 'next' : 'over';
    if (data === undefined) this.broken = true;
    else events.push({ name: undefined, data });
    return end;
  }

  /** After the brace that closes it; -1: not in this chunk. */
  #endOfObject(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#inText) this.#passText(byte);
      else if (byte === quote) this.#inText = true;
      else if (byte === openBrace || byte === openBracket) this.#depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1;
      }
    }
    return -1;
  }

  #passText(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inText = false;
  }

  end(): FrameEnd {
    if (this.broken) return 'broken';
    return this.#place === 'over' ? 'whole' : 'cut';
  }
}

export class JsonArrayWriter implements FrameWriter {
  #isFirst = true;

  write({ data }: WireEvent): Buffer {
    const text = data === '[DONE]' ? undefined : jsonText(data);
    if (text === undefined) return Buffer.alloc(0);
    const before = this.#isFirst ? '[' : ',\r\n';
    this.#isFirst = false;
    return Buffer.from(`${before}${text}`);
  }

  end(): Buffer {
    return Buffer.from(this.#isFirst ? '[]' : '\r\n]');
  }
}
