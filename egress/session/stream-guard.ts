/**
 * A stream of events that goes on as it comes, until more has come than its budget counts with: it then ends behind the event that was
 * one too many, with an error in its own API. Bytes in, bytes out, and nothing held but the event under way. What it cannot read passes.
 */
import { ChunkList } from '../chunk-list.ts';
import { SseReader } from '../body/sse-reader.ts';
import { framings, parseEvent, spentEvent, type ChatCodec, type OutputMeter } from '../translation/index.ts';

/** An event with a picture is longer, and none is counted by its letters. */
const maxHeld = 256 * 1024;
const noContext = { model: '', asksUsage: false, id: '', created: 0 };

export class StreamGuard {
  readonly #codec: ChatCodec;
  readonly #meter: OutputMeter;
  readonly #events: ReturnType<ChatCodec['createStreamReader']>;
  readonly #reader: SseReader;
  #held = new ChunkList();
  #isTooLong = false;
  /** Where in the chunk under way the last event ends that passes. */
  #end: number | undefined;

  constructor(codec: ChatCodec, meter: OutputMeter) {
    this.#codec = codec;
    this.#meter = meter;
    this.#events = codec.createStreamReader();
    this.#reader = new SseReader({ data: (bytes) => this.#hold(bytes), event: (at) => this.#read(at) });
  }

  /** What passes of it; all of it until the meter is over. */
  push(chunk: Buffer): Buffer {
    if (this.#end !== undefined) return Buffer.alloc(0);
    this.#reader.push(chunk);
    return this.#end === undefined ? chunk : Buffer.concat([chunk.subarray(0, this.#end), this.#lastWord()]);
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  #hold(bytes: Buffer): void {
    if (this.#isTooLong || this.#end !== undefined) return;
    this.#held.push(bytes);
    if (this.#held.length > maxHeld) this.#isTooLong = true;
  }

  #read(at: number): void {
    if (this.#end !== undefined) return;
    const text = this.#isTooLong ? '' : Buffer.concat(this.#held.chunks).toString('utf8').trim();
    this.#held = new ChunkList();
    this.#isTooLong = false;
    const data = parseEvent(text);
    if (data !== undefined) this.#count(data);
    if (this.#meter.isOver) this.#end = at;
  }

  #count(data: NonNullable<ReturnType<typeof parseEvent>>): void {
    try {
      for (const event of this.#events.read({ name: undefined, data })) this.#meter.see(event);
    } catch {
      // Whatever an upstream sends: what cannot be counted passes, and is charged as promised.
    }
  }

  #lastWord(): Buffer {
    const last = this.#codec.createStreamWriter(noContext).write(spentEvent).at(-1);
    return last === undefined ? Buffer.alloc(0) : framings.sse.createWriter().write(last);
  }
}
