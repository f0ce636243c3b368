/**
 * Reads JSON as its bytes arrive, each byte once: strict RFC 8259 in UTF-8 without a byte order mark, and nothing that
 * two parsers could read differently (S46): a member name that is repeated in any object ends it, and so does one that
 * is spelled almost like a name that decides. Reports only what is wanted, with its place, and keeps nothing else.
 * Pure: no clock, no socket; work is linear in the bytes, memory is bounded by the limits.
 */
import { Buffer } from 'node:buffer';
import type { WrittenJson } from '../../decision/index.ts';
import { isSpace, lead, leads } from './json-grammar.ts';
import { JsonLevels, jsonLimits, type JsonLimits, type NameProblem } from './json-levels.ts';
import { decodeString, JsonToken, writtenText } from './json-token.ts';
import { Utf8Check } from './utf8-check.ts';
import type { Wanted } from './wanted.ts';
import { WrittenValue } from './written-value.ts';

/** Where it is in the bytes of the body: from `start`, before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A wanted value. Those inside it were reported before. */
export interface JsonValue extends Span {
  readonly key: string;
  readonly kind: 'scalar' | 'object' | 'array';
  /** Undefined: an object, an array, or a value of which only the presence is wanted. */
  readonly value: string | number | boolean | null | undefined;
  /** An object without members. */
  readonly empty: boolean;
  /** Where that is wanted. */
  readonly written?: WrittenJson;
}

export type JsonProblem =
  | NameProblem
  | 'not-json'
  | 'not-utf8'
  | 'name-too-long'
  | 'too-deep'
  | 'odd-value'
  | 'value-too-long'
  | 'stopped';

/** False: nothing more is wanted, the text is not to be read on. */
export type JsonSink = (value: JsonValue) => boolean;

// What is expected, or what is being read.
const aValue = 0;
const firstItem = 1;
const firstName = 2;
const aName = 3;
const aColon = 4;
const commaOrEnd = 5;
const nothing = 6;
const inName = 7;
const inScalar = 8;

const quote = 0x22;
const noBytes = Buffer.alloc(0);
/** Of all values together whose text is wanted: far more than a person reads. */
const writtenBytes = 64 * 1024;

export class JsonScanner {
  readonly #limits: JsonLimits;
  readonly #sink: JsonSink;
  readonly #levels: JsonLevels;
  readonly #utf8 = new Utf8Check();
  readonly #token = new JsonToken();
  readonly #written = new WrittenValue(writtenBytes);
  #problem: JsonProblem | undefined;
  #state = aValue;
  /** Of the value that is expected or being read. */
  #wanted: Wanted | undefined;
  #bytes: Buffer = noBytes;
  #at = 0;
  /** Place of the chunk in the body. */
  #base = 0;

  constructor(wanted: Wanted, sink: JsonSink, limits: JsonLimits = jsonLimits) {
    this.#limits = limits;
    this.#sink = sink;
    this.#levels = new JsonLevels(limits);
    this.#wanted = wanted;
  }

  /** Units of work so far, the same on every machine: bytes seen, names hashed and entries moved. */
  get work(): number {
    return this.#base + this.#levels.work;
  }

  /** The next bytes, which may be changed afterwards. Undefined: nothing wrong so far. */
  push(bytes: Buffer): JsonProblem | undefined {
    if (this.#problem !== undefined) return this.#problem;
    if (!this.#utf8.push(bytes)) return this.#fail('not-utf8');
    this.#bytes = bytes;
    this.#at = 0;
    while (this.#at < bytes.length && this.#problem === undefined) {
      if (this.#state < inName) this.#structure();
      else this.#readToken();
    }
    if (this.#state >= inName && this.#problem === undefined) this.#holdToken();
    this.#written.hold(bytes);
    this.#base += bytes.length;
    this.#bytes = noBytes;
    this.#at = 0;
    return this.#problem;
  }

  /** The text is complete. Undefined: all of it is right. */
  end(): JsonProblem | undefined {
    if (this.#state === inScalar && this.#problem === undefined) {
      this.#token.end();
      if (this.#token.done) this.#endScalar();
    }
    if (this.#problem === undefined && this.#state !== nothing) this.#fail('not-json');
    return this.#problem;
  }

  #fail(problem: JsonProblem): JsonProblem {
    this.#problem ??= problem;
    return this.#problem;
  }

  #structure(): void {
    const bytes = this.#bytes;
    const { length } = bytes;
    let at = this.#at;
    while (at < length && isSpace[bytes[at] ?? 0] === 1) at += 1;
    this.#at = at;
    if (at === length) return;
    this.#at = at + 1;
    this.#expected(bytes[at] ?? 0);
  }

  #expected(byte: number): void {
    switch (this.#state) {
      case commaOrEnd:
        this.#commaOrEnd(byte);
        break;
      case aName:
      case firstName:
        this.#nameOrEnd(byte);
        break;
      case aColon:
        if (byte === 0x3a) this.#state = aValue;
        else this.#fail('not-json');
        break;
      case firstItem:
        if (byte === 0x5d) this.#close();
        else this.#value(byte);
        break;
      case aValue:
        this.#value(byte);
        break;
      default:
        this.#fail('not-json');
    }
  }

  #commaOrEnd(byte: number): void {
    const { inObject } = this.#levels;
    if (byte === 0x2c) {
      this.#state = inObject ? aName : aValue;
      if (!inObject) this.#wanted = this.#levels.wanted?.items;
    } else if (byte === (inObject ? 0x7d : 0x5d)) this.#close();
    else this.#fail('not-json');
  }

  #nameOrEnd(byte: number): void {
    if (byte === quote) {
      this.#state = inName;
      this.#token.startString(this.#base + this.#at - 1, this.#limits.nameBytes + 2);
    } else if (byte === 0x7d && this.#state === firstName) this.#close();
    else this.#fail('not-json');
  }

  #value(byte: number): void {
    const keep = this.#wanted?.maxBytes ?? 0;
    const start = this.#base + this.#at - 1;
    if (this.#wanted?.written === true) this.#written.start(this.#at - 1);
    this.#state = inScalar;
    switch (leads[byte] ?? lead.none) {
      case lead.string:
        this.#token.startString(start, keep);
        break;
      case lead.object:
        this.#open(true, start);
        break;
      case lead.array:
        this.#open(false, start);
        break;
      case lead.number:
        this.#token.startNumber(byte, start, keep);
        break;
      case lead.literal:
        this.#token.startLiteral(byte, start, keep);
        break;
      default:
        this.#fail('not-json');
    }
  }

  #open(isObject: boolean, start: number): void {
    const wanted = this.#wanted;
    if (!this.#levels.open(isObject, wanted, start)) this.#fail('too-deep');
    this.#state = isObject ? firstName : firstItem;
    this.#wanted = isObject ? undefined : wanted?.items;
  }

  #close(): void {
    const { wanted, start, inObject, empty } = this.#levels;
    this.#levels.close();
    this.#valueDone();
    if (wanted?.key === undefined) return;
    const kind = inObject ? 'object' : 'array';
    const end = this.#base + this.#at;
    const place = { start, end, empty: inObject && empty };
    this.#report({ key: wanted.key, kind, value: undefined, ...place, ...this.#writtenOf(wanted) });
  }

  #report(value: JsonValue): void {
    if (!this.#sink(value)) this.#fail('stopped');
  }

  #valueDone(): void {
    this.#state = this.#levels.depth === 0 ? nothing : commaOrEnd;
  }

  #readToken(): void {
    const token = this.#token;
    this.#at = token.read(this.#bytes, this.#at);
    if (token.failed) this.#fail('not-json');
    else if (token.done && this.#state === inName) this.#endName();
    else if (token.done) this.#endScalar();
  }

  #holdToken(): void {
    if (this.#token.hold(this.#bytes, this.#base)) return;
    this.#fail(this.#state === inName ? 'name-too-long' : 'value-too-long');
  }

  #endName(): void {
    this.#state = aColon;
    if (!this.#token.collect(this.#bytes, this.#base, this.#at)) {
      this.#fail('name-too-long');
      return;
    }
    const found = this.#levels.name(this.#token);
    if (typeof found === 'string') this.#fail(found);
    else this.#wanted = found;
  }

  #endScalar(): void {
    this.#valueDone();
    const key = this.#wanted?.key;
    if (key === undefined) return;
    const span = { start: this.#token.start, end: this.#base + this.#at };
    const value = this.#token.keep === 0 ? undefined : this.#decode();
    if (this.#problem !== undefined) return;
    const written = this.#writtenOf(this.#wanted);
    this.#report({ key, kind: 'scalar', value, ...span, empty: false, ...written });
  }

  #writtenOf(wanted: Wanted | undefined): Pick<JsonValue, 'written'> {
    return wanted?.written === true ? { written: this.#written.end(this.#bytes, this.#at) } : {};
  }

  #decode(): JsonValue['value'] {
    const token = this.#token;
    if (!token.collect(this.#bytes, this.#base, this.#at)) {
      this.#fail('value-too-long');
      return undefined;
    }
    const isString = token.source[token.from] === quote;
    const value = isString
      ? decodeString(token)
      : (JSON.parse(writtenText(token)) as number | boolean | null);
    // Some read an infinity where others refuse the number.
    if (value === undefined || value === Infinity || value === -Infinity) this.#fail('odd-value');
    return value;
  }
}
