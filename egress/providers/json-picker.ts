/**
 * Picks the members it is told of out of JSON that passes by in chunks, without keeping the rest. Sans-io: bytes in, objects
 * out. Apart so that an answer of any size costs one pass and no memory: what it holds is bounded by the shape alone, names
 * and texts by a cap each. It is no validator: what is not wanted is skipped by its brackets.
 */
import { nameAt, type ListShape, type ObjectShape, type Shape } from './json-shape.ts';
import { decodeNumber, decodeText, readDigits, StringEnd } from './json-text.ts';

/** Items of a list that are kept; a skipped one (not of its shape) is null, so that an empty list is told from others. */
export const maxItems = 64;
/** Raw bytes of a name or text; a longer name is not wanted, a longer text is cut. */
const maxRaw = 1_200;
const maxNumber = 64;

export type PickerEnd = 'empty' | 'whole' | 'cut' | 'broken';
type Target = Record<string, unknown> | unknown[];

interface Frame {
  readonly shape: ObjectShape | ListShape;
  readonly target: Target;
  /** Of the member being read. */
  name: string;
}

type State = 'value' | 'name' | 'colon' | 'next' | 'string' | 'number' | 'skip' | 'broken';
type Use = 'name' | 'value' | 'nothing';

const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** UTF-8's byte order mark, which some servers put in front. */
function isMark(byte: number): boolean {
  return byte === 0xef || byte === 0xbb || byte === 0xbf;
}

function endsNumber(byte: number): boolean {
  return byte === 0x2c || byte === closeBrace || byte === closeBracket || isBlank(byte);
}

export class JsonPicker {
  readonly #root: ObjectShape;
  readonly #onObject: (object: Readonly<Record<string, unknown>>) => void;
  readonly #strings = new StringEnd();
  #stack: Frame[] = [];
  #state: State = 'value';
  #use: Use = 'nothing';
  /** Inside a list of documents (`[{…},{…}]`). */
  #listed = false;
  #skipped = 0;
  #raw = '';
  #cut = false;
  #seen = false;

  /** `onObject` is called for each outermost object, or each one in an outermost list. */
  constructor(root: ObjectShape, onObject: (object: Readonly<Record<string, unknown>>) => void) {
    this.#root = root;
    this.#onObject = onObject;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'string') at = this.#readString(chunk, at);
      else if (this.#state === 'skip') at = this.#skip(chunk, at);
      else if (this.#state === 'number') at = this.#readNumber(chunk, at);
      else if (this.#state === 'broken') return;
      else {
        this.#readToken(chunk[at] ?? 0);
        at += 1;
      }
    }
  }

  /** No more comes: an object that was cut is given as far as it got. Ready for the next document afterwards. */
  end(): PickerEnd {
    const [outermost] = this.#stack;
    const isBetween = this.#state === 'value' || this.#state === 'next';
    const isOpen = outermost !== undefined || this.#listed || !isBetween;
    const end = this.#state === 'broken' ? 'broken' : isOpen ? 'cut' : this.#seen ? 'whole' : 'empty';
    if (end === 'cut' && outermost !== undefined && !Array.isArray(outermost.target)) {
      this.#onObject(outermost.target);
    }
    this.reset();
    return end;
  }

  reset(): void {
    this.#stack = [];
    this.#state = 'value';
    this.#listed = false;
    this.#seen = false;
    this.#skipped = 0;
    this.#strings.reset();
  }

  get #top(): Frame | undefined {
    return this.#stack[this.#stack.length - 1];
  }

  /** The shape of the value that is due; undefined: not wanted. */
  #due(): Shape | undefined {
    const top = this.#top;
    if (top === undefined) return this.#root;
    return top.shape.kind === 'list' ? top.shape.item : top.shape.members.get(top.name);
  }

  #readToken(byte: number): void {
    if (isBlank(byte)) return;
    if (this.#state === 'value') this.#startValue(byte);
    else if (this.#state === 'next') this.#goOn(byte);
    else if (this.#state === 'colon') this.#state = byte === 0x3a ? 'value' : 'broken';
    else if (byte === quote) this.#startString('name');
    else if (byte === closeBrace) this.#close(byte);
    else this.#state = 'broken';
  }

  #startValue(byte: number): void {
    const shape = this.#due();
    if (byte === quote) this.#startString(shape === 'scalar' ? 'value' : 'nothing');
    else if (byte === openBrace || byte === openBracket) this.#open(byte, shape);
    else if (byte === closeBracket) this.#close(byte);
    else if (this.#stack.length > 0 || !isMark(byte)) this.#startNumber(byte, shape === 'scalar');
  }

  #startString(use: Use): void {
    this.#use = use;
    this.#raw = '';
    this.#cut = false;
    this.#state = 'string';
  }

  #startNumber(byte: number, wanted: boolean): void {
    this.#use = wanted ? 'value' : 'nothing';
    this.#raw = String.fromCharCode(byte);
    this.#state = 'number';
  }

  #open(byte: number, shape: Shape | undefined): void {
    const isList = byte === openBracket;
    if (isList && this.#stack.length === 0 && !this.#listed) {
      this.#listed = true;
      return;
    }
    if (shape === undefined || shape === 'scalar' || (shape.kind === 'list') !== isList) {
      this.#skipped = 1;
      this.#state = 'skip';
      return;
    }
    const target: Target = isList ? [] : {};
    this.#put(target);
    this.#stack.push({ shape, target, name: '' });
    this.#state = isList ? 'value' : 'name';
  }

  /** A value of the member that is due; null: one that was skipped. */
  #put(value: unknown): void {
    const top = this.#top;
    if (top === undefined) return;
    if (!Array.isArray(top.target)) {
      // Of a repeated name the last value counts, as for JSON.parse.
      if (top.shape.kind === 'object' && top.shape.members.has(top.name)) top.target[top.name] = value;
    } else if (top.target.length < maxItems) top.target.push(value);
  }

  #goOn(byte: number): void {
    const top = this.#top;
    if (byte === 0x2c && (top !== undefined || this.#listed)) {
      this.#state = top?.shape.kind === 'object' ? 'name' : 'value';
    } else if (byte === closeBrace || byte === closeBracket) this.#close(byte);
    else if (top !== undefined || this.#listed) this.#state = 'broken';
    else this.#startValue(byte);
  }

  #close(byte: number): void {
    const frame = this.#stack.pop();
    if (frame === undefined && this.#listed && byte === closeBracket) {
      this.#listed = false;
      this.#seen = true;
      this.#state = 'next';
      return;
    }
    const isMatch = frame !== undefined && (frame.shape.kind === 'list') === (byte === closeBracket);
    if (!isMatch) {
      this.#state = 'broken';
      return;
    }
    this.#finish();
    if (this.#stack.length === 0 && !Array.isArray(frame.target)) this.#onObject(frame.target);
  }

  #finish(): void {
    this.#state = 'next';
    if (this.#stack.length === 0) this.#seen = true;
  }

  #readString(chunk: Buffer, from: number): number {
    const end = this.#strings.find(chunk, from);
    const to = end < 0 ? chunk.length : end;
    if (this.#use === 'name' && this.#strings.plain && this.#raw === '' && this.#setName(chunk, from, to)) {
      return end + 1;
    }
    if (this.#use !== 'nothing') this.#keep(chunk, from, to);
    if (end < 0) return to;
    this.#finishString();
    return end + 1;
  }

  /** A name that is there in one piece, which nearly all are. */
  #setName(chunk: Buffer, from: number, to: number): boolean {
    const top = this.#top;
    if (top?.shape.kind !== 'object') return false;
    top.name = nameAt(top.shape, chunk, from, to);
    this.#state = 'colon';
    return true;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const room = maxRaw - this.#raw.length;
    if (to - from > room) this.#cut = true;
    if (room > 0 && to > from) this.#raw += chunk.toString('latin1', from, Math.min(to, from + room));
  }

  #finishString(): void {
    if (this.#skipped > 0) {
      this.#state = 'skip';
      return;
    }
    const top = this.#top;
    if (this.#use === 'name' && top !== undefined) {
      top.name = this.#cut ? '' : (decodeText(this.#raw, false) ?? '');
      this.#state = 'colon';
      return;
    }
    this.#put(this.#use === 'value' ? decodeText(this.#raw, this.#cut) : null);
    this.#finish();
  }

  #readNumber(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && !endsNumber(chunk[at] ?? 0)) at += 1;
    const isEnd = at < chunk.length;
    if (this.#use === 'value') this.#readDigits(chunk, from, { at, isEnd });
    else if (isEnd) this.#putNumber(null);
    return at;
  }

  #readDigits(chunk: Buffer, from: number, to: { readonly at: number; readonly isEnd: boolean }): void {
    const isWhole = to.isEnd && this.#raw.length === 1;
    const plain = isWhole ? readDigits(this.#raw, chunk, from, to.at) : undefined;
    if (plain !== undefined) {
      this.#putNumber(plain);
      return;
    }
    this.#raw += chunk.toString('latin1', from, Math.min(to.at, from + maxNumber));
    // Longer than any count is: not a number that we know.
    if (this.#raw.length > maxNumber) this.#use = 'nothing';
    if (to.isEnd) this.#putNumber(this.#use === 'value' ? decodeNumber(this.#raw) : undefined);
  }

  #putNumber(value: unknown): void {
    this.#put(value);
    this.#finish();
  }

  /** Over what is not wanted: only strings and depth count. */
  #skip(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === quote) {
        this.#startString('nothing');
        return at + 1;
      }
      if (byte === openBrace || byte === openBracket) this.#skipped += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        this.#skipped -= 1;
        if (this.#skipped > 0) continue;
        this.#put(null);
        this.#finish();
        return at + 1;
      }
    }
    return chunk.length;
  }
}
