/**
 * Attributes of a record, as the members of an object. Texts, whole numbers and booleans are written as they come; anything else, and
 * a name that comes twice, makes the record unusual. What is said of whose record it is, is judged by otlp-claim.ts.
 */
import type { OtlpSpeaker } from '../../../contract/index.ts';
import { mayClaim } from '../otlp-claim.ts';
import { maxAttributes, maxValueChars } from '../otlp-value.ts';
import { KnownKeys, type KnownKey } from './known-keys.ts';
import type { RowWriter } from './row-writer.ts';
import { WireReader, wireType, type Slice } from './wire-reader.ts';

/** Of this process: senders use the same names. */
const keys = new KnownKeys();

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const empty = bytesOf('""');
const booleans = { true: bytesOf('"true"'), false: bytesOf('"false"') };
const comma = 0x2c;
const quote = 0x22;

export class AttributeWriter {
  readonly #bytes: Buffer;
  readonly #speaker: OtlpSpeaker;
  readonly #mustClaim: boolean;
  readonly #out: RowWriter;
  readonly #pair: WireReader;
  readonly #value: WireReader;
  #claims: Record<string, string> = {};

  constructor(bytes: Buffer, speaker: OtlpSpeaker, out: RowWriter) {
    this.#bytes = bytes;
    this.#speaker = speaker;
    // Only they are bound to what they may say.
    this.#mustClaim = 'namespace' in speaker;
    this.#out = out;
    this.#pair = new WireReader(bytes);
    this.#value = new WireReader(bytes);
  }

  /** `places`: where each begins and ends. False: unusual, or not the sender's to say. */
  write(places: readonly number[]): boolean {
    if (places.length > 2 * maxAttributes) return false;
    const record = keys.nextRecord();
    this.#claims = {};
    for (let index = 0; index < places.length; index += 2) {
      if (index > 0) this.#out.byte(comma);
      if (!this.#one(places[index] as number, places[index + 1] as number, record)) return false;
    }
    return !this.#mustClaim || mayClaim(this.#speaker, this.#claims);
  }

  #one(start: number, end: number, record: number): boolean {
    const reader = this.#pair.open(start, end);
    let key: KnownKey | undefined;
    let from = -1;
    let to = -1;
    while (reader.next()) {
      if (reader.field > 2) continue;
      if (reader.type !== wireType.bytes) return false;
      if (reader.field === 1) key = keys.find(this.#bytes, reader.start, reader.end);
      else {
        from = reader.start;
        to = reader.end;
      }
    }
    if (reader.isBad || key === undefined || key.record === record) return false;
    key.record = record;
    this.#out.put(key.json);
    if (from === to) {
      this.#out.put(empty);
      if (key.isClaim) this.#claims[key.name] = '';
      return true;
    }
    return this.#writeValue(from, to, key);
  }

  #writeValue(from: number, to: number, key: KnownKey): boolean {
    const reader = this.#value.open(from, to);
    if (!reader.next()) return false;
    const { field, type, start, end, low, high } = reader;
    // Of several kinds at once, otlp-value.ts knows which counts.
    if (reader.next() || reader.isBad) return false;
    if (field === 1 && type === wireType.bytes) return this.#text([start, end], key);
    // A claim that is no text is for the other way to judge.
    if (type !== wireType.varint || key.isClaim) return false;
    return field === 3 ? this.#integer(low, high) : field === 2 && this.#boolean(low, high);
  }

  #boolean(low: number, high: number): boolean {
    this.#out.put(low === 0 ? booleans.false : booleans.true);
    return high === 0;
  }

  #text(place: Slice, key: KnownKey): boolean {
    if (!this.#out.quoted(this.#bytes, place, maxValueChars)) return false;
    if (key.isClaim) this.#claims[key.name] = this.#bytes.toString('utf8', ...place);
    return true;
  }

  #integer(low: number, high: number): true {
    this.#out.byte(quote);
    if (high === 0) this.#out.digits(low);
    else this.#out.text(String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))));
    this.#out.byte(quote);
    return true;
  }
}
