/**
 * One string, number or word of a JSON text, read over as many chunks as it takes. Keeps its bytes only when it is wanted
 * and begins in an earlier chunk. Pure.
 */
import { Buffer } from 'node:buffer';
import {
  afterBackslash,
  badEscape,
  escapeMoves,
  isPlain,
  isWholeNumber,
  literals,
  numberMoves,
  numberStart,
} from './json-grammar.ts';

const string = 0;
const number = 1;
const literal = 2;
const quote = 0x22;
const backslash = 0x5c;
const noBytes = Buffer.alloc(0);

export class JsonToken {
  #kind = string;
  /** Place of its first byte in the body. */
  start = 0;
  /** Bytes of it that may be kept; 0: only its place is wanted. */
  keep = 0;
  escaped = false;
  /** Where it is as written, with quotes, after `collect`: no view is made of it, because most are looked at once. */
  source: Buffer = noBytes;
  from = 0;
  to = 0;
  done = false;
  failed = false;
  #held: Buffer = noBytes;
  #heldLength = 0;
  /** A state of `escapeMoves`; 0: none is open. */
  #escape = 0;
  #number = 0;
  #literal: Uint8Array = noBytes;
  #matched = 0;

  startString(start: number, keep: number): void {
    this.#start(string, start, keep);
    this.escaped = false;
  }

  startNumber(byte: number, start: number, keep: number): void {
    this.#start(number, start, keep);
    this.#number = numberMoves[numberStart * 256 + byte] ?? 0;
  }

  startLiteral(byte: number, start: number, keep: number): void {
    this.#start(literal, start, keep);
    this.#literal = literals.get(byte) ?? noBytes;
    this.#matched = 1;
  }

  #start(kind: number, start: number, keep: number): void {
    this.#kind = kind;
    this.start = start;
    this.keep = keep;
    this.done = false;
  }

  /** Reads on from `at`; how far it came. */
  read(bytes: Buffer, at: number): number {
    if (this.#kind === string) return this.#readString(bytes, at);
    return this.#kind === number ? this.#readNumber(bytes, at) : this.#readLiteral(bytes, at);
  }

  /** The text is over. */
  end(): void {
    this.done = this.#kind === number && isWholeNumber(this.#number);
  }

  /** The chunk is over, which began at `base`. False: longer than may be kept. */
  hold(bytes: Buffer, base: number): boolean {
    if (this.keep === 0) return true;
    const rest = bytes.subarray(Math.max(0, this.start - base));
    if (this.#heldLength + rest.length > this.keep) return false;
    if (this.#heldLength === 0) this.#held = Buffer.alloc(this.keep);
    rest.copy(this.#held, this.#heldLength);
    this.#heldLength += rest.length;
    return true;
  }

  /** Puts all of it into `source`; the chunk holds it up to `at`. False: longer than may be kept. */
  collect(bytes: Buffer, base: number, at: number): boolean {
    if (base + at - this.start > this.keep) return false;
    this.source = bytes;
    this.from = this.start - base;
    this.to = at;
    if (this.#heldLength === 0) return true;
    bytes.copy(this.#held, this.#heldLength, 0, at);
    this.source = this.#held;
    this.from = 0;
    this.to = this.#heldLength + at;
    this.#held = noBytes;
    this.#heldLength = 0;
    return true;
  }

  #readString(bytes: Buffer, from: number): number {
    const { length } = bytes;
    let at = this.#escape === 0 ? from : this.#readEscape(bytes, from);
    while (!this.failed) {
      while (at < length && isPlain[bytes[at] ?? 0] === 1) at += 1;
      if (at >= length) return at;
      const byte = bytes[at];
      at += 1;
      if (byte !== backslash) {
        this.done = byte === quote;
        this.failed = !this.done;
        return at;
      }
      this.escaped = true;
      this.#escape = afterBackslash;
      at = this.#readEscape(bytes, at);
    }
    return at;
  }

  #readEscape(bytes: Buffer, from: number): number {
    let at = from;
    let escape = this.#escape;
    while (escape !== 0 && at < bytes.length && !this.failed) {
      escape = escapeMoves[escape * 256 + (bytes[at] ?? 0)] ?? badEscape;
      this.failed = escape === badEscape;
      at += 1;
    }
    this.#escape = escape;
    return at;
  }

  #readNumber(bytes: Buffer, from: number): number {
    const { length } = bytes;
    let at = from;
    let state = this.#number;
    let next = state;
    while (at < length) {
      next = numberMoves[state * 256 + (bytes[at] ?? 0)] ?? 0;
      if (next === 0) break;
      state = next;
      at += 1;
    }
    this.#number = state;
    if (at < length) {
      this.done = isWholeNumber(state);
      this.failed = !this.done;
    }
    return at;
  }

  #readLiteral(bytes: Buffer, from: number): number {
    const literal = this.#literal;
    let at = from;
    for (; this.#matched < literal.length && at < bytes.length; at += 1) {
      if (bytes[at] !== literal[this.#matched]) {
        this.failed = true;
        return at;
      }
      this.#matched += 1;
    }
    this.done = this.#matched === literal.length;
    return at;
  }
}

/** The token as it is written. */
export function writtenText({ source, from, to }: JsonToken): string {
  return source.toString('utf8', from, to);
}

// Half a surrogate pair is a replacement character to some; NUL ends the text for others.
const readDifferently = /[\ud800-\udfff\0]/u;

/** What a string says; undefined: servers read it differently. Its syntax is valid. */
export function decodeString(token: JsonToken): string | undefined {
  if (!token.escaped) return token.source.toString('utf8', token.from + 1, token.to - 1);
  const text = JSON.parse(writtenText(token)) as string;
  return readDifferently.test(text) ? undefined : text;
}
