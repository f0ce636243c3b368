/**
 * multipart/form-data with a `model` part, in whatever order: the parts that decide are kept, all others are passed over
 * without being kept. Strict, so that no server finds other parts than we do: a boundary anywhere but between two parts,
 * bytes before the first or behind the last, and heads that can be read in two ways are refused. Pure, linear.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import type { BodyResult, PlainReader } from './body-result.ts';
import { BoundarySearch } from './boundary-search.ts';
import type { Span } from './json-scanner.ts';
import { notOneModel } from './model-shape.ts';
import { fieldOf, parsePartHead, type PartHead } from './part-head.ts';
import { unreadable, type Unreadable } from './unreadable.ts';

const maxParts = 128;
const maxHeadBytes = 4_096;
/** As of a model's name in JSON. */
const maxValueBytes = 2_048;
const deciding: ReadonlySet<string> = new Set(['model', 'models', 'fallbacks', 'stream', '_charset_']);
const controls = /[\x00-\x1f\x7f]/;
const dashes = Buffer.from('--');
const crlf = Buffer.from('\r\n');
const blankLine = Buffer.from('\r\n\r\n');
const noBytes = Buffer.alloc(0);

const malformed = unreadable(
  'BODY_NOT_FORM_DATA',
  'the body is not multipart/form-data that reads in one way only (RFC 7578)',
);
const badPart = unreadable(
  'BODY_NOT_FORM_DATA',
  'a part has a head that servers read differently; send one Content-Disposition with a plain name',
);
const tooMany = unreadable('BODY_TOO_COMPLEX', `a form may have ${maxParts} parts`);
const badStream = unreadable('BODY_AMBIGUOUS', 'the part `stream` must be true or false, once');

type Phase = 'start' | 'after-boundary' | 'head' | 'content' | 'after-last';

export class FormBodyReader implements PlainReader {
  readonly #search: BoundarySearch;
  #phase: Phase = 'start';
  #refused: Unreadable | undefined;
  /** Place of the chunk in the body. */
  #base = 0;
  #parts = 0;
  /** What was gathered: a head, the value of a part that decides, or what follows a boundary. */
  #kept: Buffer = noBytes;
  /** The name of the part whose value is kept. */
  #field: string | undefined;
  /** Place of the part's content; -1: not known yet. */
  #contentStart = -1;
  /** Last bytes of the chunks before, as many as a boundary and its line end. */
  #window: Buffer = noBytes;
  #model: { readonly text: string; readonly span: Span } | undefined;
  #stream: boolean | undefined;

  constructor(boundary: string) {
    this.#search = new BoundarySearch(`--${boundary}`);
  }

  push(bytes: Buffer): Unreadable | undefined {
    let at = 0;
    while (at < bytes.length && this.#refused === undefined) {
      at = this.#phase === 'content' ? this.#content(bytes, at) : this.#gather(bytes, at);
    }
    this.#base += bytes.length;
    const seen = this.#search.needle.length + 2;
    this.#window = Buffer.concat([this.#window, bytes.subarray(-seen)]).subarray(-seen);
    return this.#refused;
  }

  end(): BodyResult {
    const rest = this.#kept.length === 0 || this.#kept.equals(crlf);
    if (this.#refused === undefined && (this.#phase !== 'after-last' || !rest)) this.#refused = malformed;
    if (this.#refused !== undefined) return this.#refused;
    return {
      kind: 'read',
      format: 'form-data',
      model: this.#model?.text,
      stream: this.#stream,
      includeUsage: undefined,
      choices: 1,
      rpc: undefined,
      spans: this.#model === undefined ? {} : { model: this.#model.span },
    };
  }

  #refuse(why: Unreadable): void {
    this.#refused = why;
  }

  /** What is not content is short, and gathered first. How far it came. */
  #gather(bytes: Buffer, from: number): number {
    const before = this.#kept.length;
    const most =
      this.#phase === 'head' ? maxHeadBytes : this.#phase === 'start' ? this.#search.needle.length : 2;
    const all = Buffer.concat([this.#kept, bytes.subarray(from, from + most - before)]);
    const used = this.#phase === 'head' ? this.#head(all) : this.#short(all, most, before);
    if (used === undefined) this.#refuse(this.#phase === 'head' ? badPart : malformed);
    return used === undefined ? bytes.length : from + used - before;
  }

  /** Bytes used of `all`; undefined: it is not what must be here. */
  #short(all: Buffer, most: number, before: number): number | undefined {
    if (this.#phase === 'after-last' && before === most) return undefined;
    this.#kept = all;
    if (this.#phase === 'after-last' || all.length < most) return all.length;
    this.#kept = noBytes;
    if (this.#phase === 'start') {
      this.#phase = 'after-boundary';
      return all.equals(this.#search.needle) ? all.length : undefined;
    }
    this.#phase = all.equals(crlf) ? 'head' : 'after-last';
    return this.#phase === 'head' || all.equals(dashes) ? all.length : undefined;
  }

  #head(all: Buffer): number | undefined {
    const end = all.indexOf(blankLine);
    this.#kept = end < 0 ? all : noBytes;
    if (end < 0) return all.length < maxHeadBytes ? all.length : undefined;
    return this.#startPart(all.subarray(0, end)) ? end + blankLine.length : undefined;
  }

  #startPart(bytes: Buffer): boolean {
    const head = bytes.includes(this.#search.needle) ? undefined : parsePartHead(bytes);
    if (head === undefined) return false;
    this.#parts += 1;
    if (this.#parts > maxParts) this.#refuse(tooMany);
    this.#phase = 'content';
    this.#search.reset();
    this.#field = deciding.has(fieldOf(head.name)) ? this.#decidingField(head) : undefined;
    return true;
  }

  #decidingField({ name, isFile, contentType }: PartHead): string | undefined {
    const isText = !isFile && contentType === 'text/plain';
    if (isText && name === 'model' && this.#model === undefined) return name;
    if (isText && name === 'stream' && this.#stream === undefined) return name;
    this.#refuse(fieldOf(name) === 'stream' ? badStream : notOneModel);
    return undefined;
  }

  #content(bytes: Buffer, from: number): number {
    if (this.#contentStart < 0) this.#contentStart = this.#base + from;
    const end = this.#search.find(bytes, from);
    if (this.#field !== undefined) this.#keepValue(bytes.subarray(from, end < 0 ? bytes.length : end));
    if (end < 0) return bytes.length;
    this.#endPart(bytes, end);
    return end;
  }

  #keepValue(bytes: Buffer): void {
    if (this.#kept.length + bytes.length > maxValueBytes + this.#search.needle.length + 2) {
      this.#refuse(this.#field === 'stream' ? badStream : notOneModel);
    } else this.#kept = Buffer.concat([this.#kept, bytes]);
  }

  /** `end`: behind a boundary in `bytes`. */
  #endPart(bytes: Buffer, end: number): void {
    const length = this.#search.needle.length + 2;
    const contentEnd = this.#base + end - length;
    const seen =
      end >= length ? bytes.subarray(0, end) : Buffer.concat([this.#window, bytes.subarray(0, end)]);
    const isDelimiter =
      contentEnd >= this.#contentStart &&
      seen.subarray(seen.length - length, seen.length - length + 2).equals(crlf);
    if (!isDelimiter) return this.#refuse(malformed);
    if (this.#field !== undefined && this.#refused === undefined) {
      this.#endValue(this.#field, this.#kept.subarray(0, this.#kept.length - length), contentEnd);
    }
    this.#kept = noBytes;
    this.#field = undefined;
    this.#contentStart = -1;
    this.#phase = 'after-boundary';
  }

  #endValue(field: string, bytes: Buffer, end: number): void {
    const text = isUtf8(bytes) ? bytes.toString('utf8') : '';
    if (field === 'stream') {
      this.#stream = text === 'true';
      if (text !== 'true' && text !== 'false') this.#refuse(badStream);
    } else if (text === '' || controls.test(text)) this.#refuse(notOneModel);
    else this.#model = { text, span: { start: this.#contentStart, end } };
  }
}
