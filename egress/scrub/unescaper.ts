/**
 * Takes one layer of escapes off a stream of characters, each of which knows the bytes it was written with. Stacked, they
 * read JSON in JSON or HTML in a URL. It never drops a character: what is no escape goes on as it came.
 */
import { isIntroducer, lastApart, literal, readEscape, unfinished } from './escape.ts';

/** Takes characters: a code and where its spelling starts and ends, in bytes from the start of the body. */
export interface CharacterSink {
  push(code: number, start: number, end: number): void;
}

export class Unescaper implements CharacterSink {
  readonly #next: CharacterSink;
  #codes: number[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  /** Characters of an escape that is not finished. */
  count = 0;

  constructor(next: CharacterSink) {
    this.#next = next;
  }

  /** Where the unfinished escape starts. */
  get start(): number {
    return this.#starts[0] as number;
  }

  push(code: number, start: number, end: number): void {
    if (this.count === 0 && !isIntroducer(code)) {
      this.#next.push(code, start, end);
      return;
    }
    const at = this.count;
    this.#codes[at] = code;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.count = at + 1;
    if (at > 0) this.#judge();
  }

  #judge(): void {
    const { count } = this;
    const read = readEscape(this.#codes, count);
    if (read === unfinished) return;
    if (read === literal && count > 2) this.#release();
    else if (read === literal) this.#replace(this.#codes[0] as number);
    else if (read >= lastApart) this.#replace(read - lastApart);
    else {
      this.count = 0;
      this.#next.push(read, this.#starts[0] as number, this.#ends[count - 1] as number);
    }
  }

  /** All but the last are this one character; the last is read again. */
  #replace(code: number): void {
    const last = this.count - 1;
    const apart = this.#codes[last] as number;
    const start = this.#starts[last] as number;
    const end = this.#ends[last] as number;
    this.count = 0;
    this.#next.push(code, this.#starts[0] as number, this.#ends[last - 1] as number);
    this.push(apart, start, end);
  }

  /** The first stands for itself; the others may be an escape of their own. */
  #release(): void {
    const { count } = this;
    const [codes, starts, ends] = [this.#codes, this.#starts, this.#ends];
    // They are read again below, which writes to the lists anew.
    this.#codes = [];
    this.#starts = [];
    this.#ends = [];
    this.count = 0;
    this.#next.push(codes[0] as number, starts[0] as number, ends[0] as number);
    for (let at = 1; at < count; at += 1) {
      this.push(codes[at] as number, starts[at] as number, ends[at] as number);
    }
  }
}

/** Layers of escapes that are taken off, whatever their kinds. */
export const layers = 3;

/** `layers` unescapers, the first to be fed first, the last feeding `sink`. */
export function stackUnescapers(sink: CharacterSink): readonly Unescaper[] {
  const stack: Unescaper[] = [];
  let next = sink;
  for (let layer = 0; layer < layers; layer += 1) {
    const unescaper = new Unescaper(next);
    stack.unshift(unescaper);
    next = unescaper;
  }
  return stack;
}
