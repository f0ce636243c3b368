/**
 * Looks for patterns in one reading of a body: a stream of characters of which some count alike and some not at all.
 * It remembers where its last symbols were written, so that what it finds can be starred out; it changes no byte itself.
 */
import { foreign, other, skipped, type Alphabet } from './alphabet.ts';
import type { Pattern } from './pattern.ts';
import type { CharacterSink } from './unescaper.ts';

/** What a view looks for; the same for all bodies of a secret set. */
export interface ViewPlan {
  readonly alphabet: Alphabet;
  readonly patterns: readonly Pattern[];
  /** 1 for each symbol that a pattern starts with. */
  readonly firsts: Uint8Array;
  /** A power of two over the length of the longest pattern. */
  readonly reach: number;
}

export type OnFound = (start: number, end: number) => void;

/** What a view tells while it reads. */
export interface ViewEvents {
  readonly onFound: OnFound;
  /** So many symbols of a pattern ended with this one, which is none of it. */
  readonly onEnd: (pattern: Pattern, matched: number, symbol: number) => void;
}

/** Line breaks, indentation and the like between two symbols: more of it ends a match, so that little is held back. */
const maxSkipped = 24;

export class View implements CharacterSink {
  readonly #table: Uint16Array;
  readonly #patterns: readonly Pattern[];
  readonly #firsts: Uint8Array;
  readonly #matched: number[];
  readonly #starts: number[] = [];
  readonly #mask: number;
  readonly #events: ViewEvents;
  #count = 0;
  #skipped = 0;
  #lastEnd = 0;
  /** Symbols of the longest match under way. */
  depth = 0;

  constructor(plan: ViewPlan, events: ViewEvents) {
    this.#table = plan.alphabet.table;
    this.#patterns = plan.patterns;
    this.#firsts = plan.firsts;
    this.#matched = plan.patterns.map(() => 0);
    this.#mask = plan.reach - 1;
    this.#events = events;
  }

  /** Where the longest match under way starts; only while `depth` is not 0. */
  get start(): number {
    return this.#startOf(this.depth);
  }

  #startOf(symbols: number): number {
    return this.#starts[(this.#count - symbols) & this.#mask] as number;
  }

  push(code: number, start: number, end: number): void {
    const symbol = this.#table[code > foreign ? foreign : code] as number;
    if (this.depth === 0 && this.#firsts[symbol] === 0) return;
    if (symbol !== skipped) this.#step(symbol, start, end);
    else {
      this.#skipped += 1;
      if (this.#skipped > maxSkipped) this.#step(other, start, end);
    }
  }

  #step(symbol: number, start: number, end: number): void {
    const patterns = this.#patterns;
    let depth = 0;
    this.#skipped = 0;
    for (let at = 0; at < patterns.length; at += 1) {
      const pattern = patterns[at] as Pattern;
      let matched = this.#matched[at] as number;
      if (pattern.symbols[matched] === symbol) matched += 1;
      else if (matched > 0) matched = this.#fall(pattern, matched, symbol);
      this.#matched[at] = matched;
      if (matched > depth) depth = matched;
    }
    this.#starts[this.#count & this.#mask] = start;
    this.#count += 1;
    this.#lastEnd = end;
    this.depth = depth;
    if (depth > 0) this.#finish();
  }

  /** The next symbol is not the one expected: how many match with it. What ends here and was long enough is found. */
  #fall(pattern: Pattern, from: number, symbol: number): number {
    let matched = from;
    if (matched >= pattern.least) this.#events.onFound(this.#startOf(matched), this.#lastEnd);
    if (pattern.isWhole) this.#events.onEnd(pattern, matched, symbol);
    while (matched > 0 && pattern.symbols[matched] !== symbol) matched = pattern.falls[matched] as number;
    return pattern.symbols[matched] === symbol ? matched + 1 : matched;
  }

  /** Takes note of whole matches, and goes on with what they may begin again. */
  #finish(): void {
    let depth = 0;
    for (let at = 0; at < this.#patterns.length; at += 1) {
      const pattern = this.#patterns[at] as Pattern;
      const { length } = pattern.symbols;
      let matched = this.#matched[at] as number;
      if (matched === length) {
        this.#events.onFound(this.#startOf(length), this.#lastEnd);
        matched = pattern.falls[length] as number;
        this.#matched[at] = matched;
      }
      if (matched > depth) depth = matched;
    }
    this.depth = depth;
  }
}
