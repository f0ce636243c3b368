/**
 * Takes the usage report out of an OpenAI-shaped stream again, which the gateway asked for and the agent did not: the one
 * event that has usage and no choices. Sans-io, bytes in and bytes out; all other bytes stay as they came, and at most one
 * event is held at a time.
 */
import { JsonPicker } from '../providers/json-picker.ts';
import { listOf, objectOf } from '../providers/json-shape.ts';
import { SseReader } from '../body/sse-reader.ts';

/** A report is some hundred bytes; an event that is longer than this is none, and passes. */
const maxHeld = 16 * 1024;
const lf = 0x0a;
const shape = objectOf({ choices: listOf('scalar'), usage: objectOf({}) });
const nothing = Buffer.alloc(0);

function isReport({ choices, usage }: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}

export class UsageChunkFilter {
  readonly #reader: SseReader;
  readonly #picker: JsonPicker;
  #out: Buffer[] = [];
  /** Bytes of the event under way that may not be passed on yet. */
  #held: Buffer[] = [];
  #heldLength = 0;
  #passing = false;
  #documents = 0;
  #reports = 0;
  /** The event that ended last was taken out. */
  #tookLast = false;
  #chunk: Buffer = nothing;
  #from = 0;

  constructor() {
    this.#picker = new JsonPicker(shape, (object) => {
      this.#documents += 1;
      if (isReport(object)) this.#reports += 1;
    });
    this.#reader = new SseReader({
      data: (bytes) => this.#picker.push(bytes),
      event: (at) => this.#endEvent(at),
    });
  }

  /** What of the stream may go on to the agent now. */
  push(chunk: Buffer): Buffer {
    this.#chunk = chunk;
    this.#from = 0;
    // The second half of a CRLF shares the fate of its event.
    if (this.#reader.afterCr && chunk[0] === lf && this.#heldLength === 0 && !this.#passing) {
      this.#from = 1;
      if (!this.#tookLast) this.#out.push(chunk.subarray(0, 1));
    }
    this.#reader.push(chunk);
    this.#hold(chunk.subarray(this.#from));
    return this.#take();
  }

  /** No more comes: what is left of the stream. */
  flush(): Buffer {
    this.#settle();
    return this.#take();
  }

  #endEvent(at: number): void {
    this.#hold(this.#chunk.subarray(this.#from, at));
    this.#from = at;
    this.#settle();
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#heldLength += bytes.length;
    if (this.#passing || this.#heldLength > maxHeld) this.#passing = true;
    (this.#passing ? this.#out : this.#held).push(bytes);
    if (!this.#passing || this.#held.length === 0) return;
    this.#out.splice(-1, 0, ...this.#held);
    this.#held = [];
  }

  #settle(): void {
    const end = this.#picker.end();
    this.#tookLast = !this.#passing && end === 'whole' && this.#documents === 1 && this.#reports === 1;
    if (!this.#tookLast) this.#out.push(...this.#held);
    this.#held = [];
    this.#heldLength = 0;
    this.#passing = false;
    this.#documents = 0;
    this.#reports = 0;
  }

  #take(): Buffer {
    const [first] = this.#out;
    const all = first === undefined ? nothing : this.#out.length === 1 ? first : Buffer.concat(this.#out);
    this.#out = [];
    return all;
  }
}
