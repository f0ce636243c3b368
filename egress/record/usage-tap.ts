/**
 * Reads model, usage and finish reasons from an answer that passes by, without touching it. Apart from the relay because
 * it may give up (too long, not JSON, unknown encoding) and the answer still goes on. Bounded in every direction.
 */
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { asObject, type Facts, type ProviderCodec } from '../providers/index.ts';

/** A plain answer up to this size is parsed whole; of a larger one only the usage at its end is looked for. */
const maxPlainBytes = 2 * 1024 * 1024;
const tailBytes = 16 * 1024;
const maxLineBytes = 1024 * 1024;
/** Compressed answers are decoded at the end: at most this much in, and 16 times as much out (S31). */
const maxEncodedBytes = 1024 * 1024;

export interface UsageTap {
  push(chunk: Buffer): void;
  /** The body is complete (or was cut): facts are as good as they get. */
  end(): void;
}

function parseObject(text: string): ReturnType<typeof asObject> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Server-sent events: each `data:` line is one JSON object. */
class EventTap implements UsageTap {
  #line: Buffer[] = [];
  #length = 0;
  readonly #codec: ProviderCodec;
  readonly #facts: Facts;
  constructor(codec: ProviderCodec, facts: Facts) {
    this.#codec = codec;
    this.#facts = facts;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      this.#append(chunk.subarray(start, at));
      this.#finishLine();
      start = at + 1;
    }
    this.#append(chunk.subarray(start));
  }

  end(): void {
    this.#finishLine();
  }

  #append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length <= maxLineBytes) this.#line.push(bytes);
    else this.#line = [];
  }

  #finishLine(): void {
    const line = this.#length <= maxLineBytes ? Buffer.concat(this.#line) : Buffer.alloc(0);
    this.#line = [];
    this.#length = 0;
    // Most events are text deltas without any fact but ids: parse those that may say something new.
    if (!line.subarray(0, 5).equals(dataPrefix)) return;
    const first = this.#facts.responseId === undefined;
    if (!first && !telling.some((needle) => line.includes(needle))) return;
    const object = parseObject(line.subarray(5).toString('utf8'));
    if (object !== undefined) this.#codec.readResponse(object, this.#facts);
  }
}
const dataPrefix = Buffer.from('data:');
const telling = ['"usage', 'finish', 'stop_reason', '"status"'].map((text) => Buffer.from(text));

/** One JSON document, or (Gemini without alt=sse) an array of them. */
class PlainTap implements UsageTap {
  #chunks: Buffer[] = [];
  #length = 0;
  #dropped = false;
  readonly #codec: ProviderCodec;
  readonly #facts: Facts;
  constructor(codec: ProviderCodec, facts: Facts) {
    this.#codec = codec;
    this.#facts = facts;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length <= maxPlainBytes) return;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [Buffer.from(all.subarray(all.length - tailBytes))];
    this.#length = tailBytes;
    this.#dropped = true;
  }

  end(): void {
    const [first] = this.#chunks;
    const all = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    const text = all.toString('utf8');
    if (this.#dropped) {
      this.#readTail(text);
      return;
    }
    const trimmed = text.trimStart();
    if (trimmed.startsWith('[')) this.#readArray(trimmed);
    else this.#read(trimmed);
  }

  #read(text: string): void {
    const object = parseObject(text);
    if (object !== undefined) this.#codec.readResponse(object, this.#facts);
  }

  #readArray(text: string): void {
    try {
      const list: unknown = JSON.parse(text);
      if (!Array.isArray(list)) return;
      for (const member of list) {
        const object = asObject(member);
        if (object !== undefined) this.#codec.readResponse(object, this.#facts);
      }
    } catch {
      // A cut or foreign answer: facts stay unknown.
    }
  }

  /** A flat `"usage": {…}` (or usageMetadata) at the end of a long answer; nested details are lost. */
  #readTail(text: string): void {
    const match = /"(usage|usageMetadata)"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})\s*,?[^{]*$/.exec(text);
    if (match !== null) this.#read(`{"${match[1] ?? ''}":${match[2] ?? ''}}`);
  }
}

/** Collects a compressed body, decodes it at the end and hands it to the tap of its type. */
class EncodedTap implements UsageTap {
  #chunks: Buffer[] = [];
  #length = 0;
  readonly #encoding: 'gzip' | 'br';
  readonly #inner: UsageTap;
  constructor(encoding: 'gzip' | 'br', inner: UsageTap) {
    this.#encoding = encoding;
    this.#inner = inner;
  }

  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= maxEncodedBytes) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  end(): void {
    if (this.#length === 0 || this.#length > maxEncodedBytes) return;
    const bytes = Buffer.concat(this.#chunks);
    const maxOutputLength = 16 * maxEncodedBytes;
    try {
      const plain =
        this.#encoding === 'gzip'
          ? gunzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH })
          : brotliDecompressSync(bytes, { maxOutputLength });
      this.#inner.push(plain);
      this.#inner.end();
    } catch {
      // Cut, bombed or not what it says: facts stay unknown.
    }
  }
}

/** `contentType` and `encoding` of the answer; undefined when there is nothing this gateway can read. */
export function createUsageTap(
  codec: ProviderCodec,
  facts: Facts,
  answer: { readonly contentType: string | undefined; readonly encoding: string | undefined },
): UsageTap | undefined {
  const type = (answer.contentType ?? '').toLowerCase();
  const inner = type.startsWith('text/event-stream')
    ? new EventTap(codec, facts)
    : type.startsWith('application/json')
      ? new PlainTap(codec, facts)
      : undefined;
  const encoding = (answer.encoding ?? 'identity').toLowerCase();
  if (inner === undefined || encoding === 'identity') return inner;
  if (encoding === 'gzip' || encoding === 'x-gzip') return new EncodedTap('gzip', inner);
  return encoding === 'br' ? new EncodedTap('br', inner) : undefined;
}
