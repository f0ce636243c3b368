/**
 * Attributes as OTLP KeyValue fields, written straight onto the wire. What repeats is encoded once: names always (there is a
 * fixed set of them), and the steady attributes of a record as one block where they are those of the record before it of the
 * same owner. Memory of that goes with the owners.
 */
import type { AttributeSink, AttributeValue } from './attribute-list.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

export const bytesField = (id: number): number => (id << 3) | 2;
export const varintField = (id: number): number => id << 3;
export const fixed64Field = (id: number): number => (id << 3) | 1;

const keyField = bytesField(1);
const valueField = bytesField(2);
const textField = bytesField(1);
/** A text longer than this may not fit a message with a two-byte length (UTF-8 takes up to 3 bytes a unit). */
const mediumText = 4_000;
const shortText = 40;
/** Names are of a fixed set; should somebody change that, memory still does not grow. */
const maxNames = 1_024;

/** AnyValue's one member, of a number or flag. */
function writePlain(writer: ProtobufWriter, value: number | boolean): void {
  if (typeof value === 'boolean') {
    writer.byte(varintField(2));
    writer.byte(value ? 1 : 0);
  } else if (Number.isSafeInteger(value) && value >= 0) {
    writer.byte(varintField(3));
    writer.varint(value);
  } else {
    writer.byte(fixed64Field(4));
    writer.double(value);
  }
}

/** A text longer than this is not remembered: it is unlikely to come again, and copying it costs little. */
const maxKept = 128;

/** A name as it goes onto the wire, and the text it was last put with. */
interface KnownName {
  readonly field: Uint8Array;
  text: string | undefined;
  /** Key and value fields of that text; its own memory, written over each time. */
  readonly encoded: Uint8Array;
  length: number;
}

/** The names of one batch; its writers share them. */
export class AttributeNames {
  readonly #known = new Map<string, KnownName>();

  of(name: string): KnownName {
    return this.#known.get(name) ?? this.#learn(name);
  }

  #learn(name: string): KnownName {
    const writer = new ProtobufWriter(1_024);
    writer.string(keyField, name);
    const field = writer.take();
    const encoded = new Uint8Array(field.length + 6 + 3 * maxKept);
    const known: KnownName = { field, text: undefined, encoded, length: 0 };
    if (this.#known.size < maxNames) this.#known.set(name, known);
    return known;
  }
}

/** At most so many bytes of UTF-8. */
export function cutText(text: string, bytes: number): string {
  const start = text.slice(0, bytes);
  return Buffer.byteLength(start) <= bytes ? start : start.slice(0, Math.floor(bytes / 3));
}

export class AttributeWriter implements AttributeSink {
  readonly #writer: ProtobufWriter;
  readonly #names: AttributeNames;
  readonly #tag: number;
  /** Texts are cut to so many bytes. */
  maxText = Number.POSITIVE_INFINITY;
  /** Where each attribute starts, of the first `count`. */
  readonly starts: number[] = [];
  count = 0;

  /** Each attribute becomes a field `tag` of the message that `writer` is in. */
  constructor(writer: ProtobufWriter, names: AttributeNames, tag: number) {
    this.#writer = writer;
    this.#names = names;
    this.#tag = tag;
  }

  put(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    this.starts[this.count] = this.#writer.length;
    this.count += 1;
    if (typeof value === 'string') this.#putText(name, this.#cut(value));
    else if (typeof value === 'object') this.#putList(name, value);
    else this.#putPlain(name, value);
  }

  putAscii(name: string, text: string): void {
    if (this.maxText !== Number.POSITIVE_INFINITY) return this.put(name, text);
    const writer = this.#writer;
    this.starts[this.count] = writer.length;
    this.count += 1;
    const pair = writer.open(this.#tag, 4);
    writer.raw(this.#names.of(name).field);
    const any = writer.open(valueField, 4);
    writer.ascii(textField, text);
    writer.close(any, 4);
    writer.close(pair, 4);
  }

  #cut(text: string): string {
    return 3 * text.length > this.maxText ? cutText(text, this.maxText) : text;
  }

  /** The texts of most attributes are those of the record before. */
  #putText(name: string, text: string): void {
    const writer = this.#writer;
    const known = this.#names.of(name);
    const width = text.length < mediumText ? 2 : 4;
    const pair = writer.open(this.#tag, width);
    if (known.text === text) writer.rawPart(known.encoded, known.length);
    else {
      writer.raw(known.field);
      const inner = text.length <= shortText ? 1 : width;
      const any = writer.open(valueField, inner);
      writer.string(textField, text);
      writer.close(any, inner);
      if (text.length <= maxKept) this.#keep(known, text, pair);
    }
    writer.close(pair, width);
  }

  #keep(known: KnownName, text: string, from: number): void {
    known.text = text;
    known.length = this.#writer.copyTo(known.encoded, from);
  }

  /** Numbers and flags: never longer than a short length can tell. */
  #putPlain(name: string, value: number | boolean): void {
    const writer = this.#writer;
    const { field } = this.#names.of(name);
    const width = field.length < maxKept - 20 ? 1 : 2;
    const pair = writer.open(this.#tag, width);
    writer.raw(field);
    const any = writer.open(valueField, 1);
    writePlain(writer, value);
    writer.close(any, 1);
    writer.close(pair, width);
  }

  #putList(name: string, values: readonly string[]): void {
    const writer = this.#writer;
    const isCut = this.maxText !== Number.POSITIVE_INFINITY;
    const pair = writer.open(this.#tag, 4);
    writer.raw(this.#names.of(name).field);
    const any = writer.open(valueField, 4);
    const array = writer.open(bytesField(5), 4);
    for (const value of isCut ? values.slice(0, 1) : values) {
      const member = writer.open(bytesField(1), 4);
      writer.string(textField, this.#cut(value));
      writer.close(member, 4);
    }
    writer.close(array, 4);
    writer.close(any, 4);
    writer.close(pair, 4);
  }
}

/** Encoded attributes, as fields of a span and as fields of its log. */
export interface SteadyBlock {
  readonly span: Uint8Array;
  readonly log: Uint8Array;
}

interface Remembered extends SteadyBlock {
  readonly names: readonly string[];
  readonly values: readonly AttributeValue[];
}

/** Collects the steady attributes of one record after the other, and knows the last block of each owner. */
export class SteadyAttributes implements AttributeSink {
  readonly #last = new WeakMap<object, Remembered>();
  readonly #names: string[] = [];
  readonly #values: AttributeValue[] = [];
  #count = 0;

  start(): void {
    this.#count = 0;
  }

  put(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    this.#names[this.#count] = name;
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  putAscii(name: string, text: string): void {
    this.put(name, text);
  }

  putInto(sink: AttributeSink): void {
    for (let index = 0; index < this.#count; index += 1) {
      sink.put(this.#names[index] ?? '', this.#values[index]);
    }
  }

  /** The block of exactly what was put (all names and all values), when that is the owner's last. */
  find(owner: object | undefined): SteadyBlock | undefined {
    const last = owner && this.#last.get(owner);
    return last !== undefined && this.#equals(last) ? last : undefined;
  }

  #equals({ names, values }: Remembered): boolean {
    if (names.length !== this.#count) return false;
    for (let index = 0; index < this.#count; index += 1) {
      if (names[index] !== this.#names[index] || values[index] !== this.#values[index]) return false;
    }
    return true;
  }

  remember(owner: object, block: SteadyBlock): void {
    const names = this.#names.slice(0, this.#count);
    const values = this.#values.slice(0, this.#count);
    this.#last.set(owner, { names, values, span: block.span, log: block.log });
  }
}
