/**
 * A stream of server-sent events, each of them one JSON object, or `[DONE]`. Sans-io. What an event is called stands in its data in
 * all APIs, so its name is not read; comments (pings) cost nothing.
 */
import { Buffer } from 'node:buffer';
import { ChunkList } from '../../chunk-list.ts';
import { SseReader } from '../../body/sse-reader.ts';
import type { WireEvent } from '../codec.ts';
import { jsonText, parseObject } from '../json.ts';
import { maxEventBytes, type FrameEnd, type FrameReader, type FrameWriter } from './frame-reader.ts';

const done = '[DONE]';
const nothing = Buffer.alloc(0);

export class SseFrameReader implements FrameReader {
  readonly #reader: SseReader;
  #held = new ChunkList();
  #events: WireEvent[] = [];
  broken = false;

  constructor() {
    this.#reader = new SseReader({ data: (bytes) => this.#hold(bytes), event: () => this.#end() });
  }

  push(chunk: Buffer): WireEvent[] {
    if (this.broken) return [];
    this.#events = [];
    this.#reader.push(chunk);
    return this.#events;
  }

  #hold(bytes: Buffer): void {
    if (this.broken) return;
    this.#held.push(bytes);
    if (this.#held.length <= maxEventBytes) return;
    this.broken = true;
    this.#held = new ChunkList();
  }

  get #text(): string {
    return Buffer.concat(this.#held.chunks).toString('utf8').trim();
  }

  #end(): void {
    if (this.broken || this.#held.length === 0) return;
    const text = this.#text;
    this.#held = new ChunkList();
    if (text === '') return;
    const data = text === done ? done : parseObject(text);
    if (data === undefined) this.broken = true;
    else this.#events.push({ name: undefined, data });
  }

  end(): FrameEnd {
    if (this.broken) return 'broken';
    // The last line of all may lack the empty one behind it.
    const isBetween = this.#held.length === 0 || (this.#held.length < 16 && this.#text === done);
    return isBetween ? 'whole' : 'cut';
  }
}

export class SseFrameWriter implements FrameWriter {
  write({ name, data }: WireEvent): Buffer {
    const text = data === done ? done : jsonText(data);
    if (text === undefined) return nothing;
    return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`);
  }

  end(): Buffer {
    return nothing;
  }
}
