/**
 * Reads model, usage and finish reasons from an answer that passes by, without touching it: one pass over the bytes, memory
 * bounded by a small document or by what is wanted of a large one. Apart from the relay because it may give up (not JSON, unknown
 * coding) and the answer still goes on. What it could not see to the end it marks as partial.
 */
import { asObject, type Facts, type JsonObject, type ProviderCodec } from '../providers/index.ts';
import { JsonPicker } from '../providers/json-picker.ts';
import { AwsEventReader } from '../translation/framing/aws-event-stream.ts';
import { BodyInflater, type BodyCoding } from './body-inflater.ts';
import { SseReader } from '../body/sse-reader.ts';

export interface UsageTap {
  push(chunk: Buffer): void;
  /** The body is over, or was cut: facts are as good as they get. */
  end(): void;
}

interface Reader {
  push(chunk: Buffer): void;
  /** False: it broke off. */
  end(): boolean;
}

/** Server-sent events, each of them one JSON object. */
class EventReader implements Reader {
  readonly #picker: JsonPicker;
  readonly #reader: SseReader;
  readonly #facts: Facts;

  constructor(codec: ProviderCodec, facts: Facts) {
    this.#facts = facts;
    this.#picker = new JsonPicker(codec.responseShape, (object) => codec.readResponse(object, facts));
    this.#reader = new SseReader({
      data: (bytes) => this.#picker.push(bytes),
      event: () => void this.#picker.end(),
    });
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  end(): boolean {
    const isTold = this.#facts.usage === 'whole';
    return this.#picker.end() !== 'cut' || isTold;
  }
}

/** Lines, each of them one JSON object. The last one needs no end of line. */
class LineReader implements Reader {
  readonly #picker: JsonPicker;
  readonly #facts: Facts;

  constructor(codec: ProviderCodec, facts: Facts) {
    this.#facts = facts;
    this.#picker = new JsonPicker(codec.responseShape, (object) => codec.readResponse(object, facts));
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
      this.#picker.push(chunk.subarray(from, at));
      void this.#picker.end();
      from = at + 1;
    }
    this.#picker.push(chunk.subarray(from));
  }

  end(): boolean {
    const isTold = this.#facts.usage === 'whole';
    return this.#picker.end() !== 'cut' || isTold;
  }
}

/** A document up to this size is read in one go at its end, which costs less; of a larger one nothing is kept. */
const maxHeldBytes = 32 * 1024;
const maxHeldChunks = 64;
/** Usage is told in a few hundred bytes; a stream with a longer message is not read on. */
const maxMessageBytes = 256 * 1024;

/** Messages of an AWS event stream, each of them one JSON object, held until its sums are known to be right. */
class MessageReader implements Reader {
  readonly #codec: ProviderCodec;
  readonly #facts: Facts;
  readonly #reader = new AwsEventReader(maxMessageBytes);

  constructor(codec: ProviderCodec, facts: Facts) {
    this.#codec = codec;
    this.#facts = facts;
  }

  push(chunk: Buffer): void {
    for (const { data } of this.#reader.push(chunk))
      if (data !== '[DONE]') this.#codec.readResponse(data, this.#facts);
  }

  end(): boolean {
    const isTold = this.#facts.usage === 'whole';
    return this.#reader.end() === 'whole' || (isTold && !this.#reader.broken);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One JSON document, or (Gemini without alt=sse) a list of them. */
class DocumentReader implements Reader {
  readonly #codec: ProviderCodec;
  readonly #facts: Facts;
  #held: Buffer[] = [];
  #heldLength = 0;
  #picker: JsonPicker | undefined;

  constructor(codec: ProviderCodec, facts: Facts) {
    this.#codec = codec;
    this.#facts = facts;
  }

  push(chunk: Buffer): void {
    if (this.#picker !== undefined) {
      this.#picker.push(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldLength += chunk.length;
    if (this.#heldLength > maxHeldBytes || this.#held.length > maxHeldChunks) this.#pick();
  }

  /** From here on in passing. */
  #pick(): JsonPicker {
    const read = (object: JsonObject): void => this.#codec.readResponse(object, this.#facts);
    const picker = new JsonPicker(this.#codec.responseShape, read);
    for (const chunk of this.#held) picker.push(chunk);
    this.#held = [];
    this.#picker = picker;
    return picker;
  }

  end(): boolean {
    const isWhole = this.#readHeld() || (this.#picker ?? this.#pick()).end() === 'whole';
    // A document that came whole has no later event to wait for.
    if (isWhole && this.#facts.usage === 'partial') this.#facts.usage = 'whole';
    return isWhole;
  }

  /** False: not the whole of one valid document is held. */
  #readHeld(): boolean {
    const [first] = this.#held;
    if (first === undefined) return false;
    const all = this.#held.length === 1 ? first : Buffer.concat(this.#held);
    const value = parse(all.toString('utf8'));
    if (value === undefined) return false;
    for (const item of Array.isArray(value) ? value : [value]) {
      const object = asObject(item);
      if (object !== undefined) this.#codec.readResponse(object, this.#facts);
    }
    return true;
  }
}

class Tap implements UsageTap {
  readonly #reader: Reader;
  readonly #facts: Facts;
  readonly #inflater: BodyInflater | undefined;

  constructor(reader: Reader, facts: Facts, coding: BodyCoding | undefined) {
    this.#reader = reader;
    this.#facts = facts;
    if (coding !== undefined) this.#inflater = new BodyInflater(coding, (bytes) => reader.push(bytes));
  }

  push(chunk: Buffer): void {
    (this.#inflater ?? this.#reader).push(chunk);
  }

  end(): void {
    const isInflated = this.#inflater?.end() ?? true;
    const isWhole = this.#reader.end();
    if (this.#facts.usage === undefined) return;
    // A compressed body that lacks only its check sum may have said all; one that breaks off in a document has not.
    if (!isWhole || (!isInflated && this.#facts.usage !== 'whole')) this.#facts.usage = 'partial';
  }
}

function codingOf(encoding: string): BodyCoding | 'none' | undefined {
  if (encoding === '' || encoding === 'identity') return 'none';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  return encoding === 'deflate' || encoding === 'br' || encoding === 'zstd' ? encoding : undefined;
}

function readerOf(type: string, codec: ProviderCodec, facts: Facts): Reader | undefined {
  if (type.startsWith('text/event-stream')) return new EventReader(codec, facts);
  if (type.startsWith('application/vnd.amazon.eventstream')) return new MessageReader(codec, facts);
  if (/^application\/(?:x-)?(?:ndjson|jsonlines|jsonl)\b/.test(type)) return new LineReader(codec, facts);
  return /^application\/([\w.-]+\+)?json\b/.test(type) ? new DocumentReader(codec, facts) : undefined;
}

/** `contentType` and `encoding` of the answer; undefined when there is nothing this gateway can read. */
export function createUsageTap(
  codec: ProviderCodec,
  facts: Facts,
  answer: { readonly contentType: string | undefined; readonly encoding: string | undefined },
): UsageTap | undefined {
  const type = (answer.contentType ?? '').toLowerCase();
  const coding = codingOf((answer.encoding ?? '').trim().toLowerCase());
  if (coding === undefined) return undefined;
  const reader = readerOf(type, codec, facts);
  return reader && new Tap(reader, facts, coding === 'none' ? undefined : coding);
}
