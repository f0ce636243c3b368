/**
 * Follows a secret that comes in pieces: its beginning at the end of a string, a line or a message, the next characters as
 * the whole of a later one, and so on (a stream of deltas). As soon as enough of it came, the pieces are starred out. It
 * gives up after a while, and it changes no byte itself.
 */
import { foreign, other, type Alphabet } from './alphabet.ts';
import type { Pattern } from './pattern.ts';
import type { OnFound } from './view.ts';

/** Beginnings shorter than this are followed by no piece: too many texts end like that. */
export const minPiece = 3;
/** Characters from one piece to the next: several events of a model's stream. */
const maxApart = 4096;

const quote = 34;
const lineFeed = 10;
const carriageReturn = 13;

/** Does this symbol of a text end a string, a line or a message? */
export function endsPiece(symbol: number): boolean {
  return symbol === quote || symbol === lineFeed || symbol === carriageReturn || symbol === other;
}

export class Pieces {
  readonly #table: Uint16Array;
  readonly #pattern: Pattern;
  readonly #onFound: OnFound;
  /** Symbols that came in whole pieces. */
  #came = 0;
  /** With those of the piece under way; -1: what is under way is none. */
  #matched = -1;
  #left = 0;
  #end = 0;
  /** Where the piece under way starts. */
  start = 0;

  constructor({ table }: Alphabet, pattern: Pattern, onFound: OnFound) {
    this.#table = table;
    this.#pattern = pattern;
    this.#onFound = onFound;
  }

  /** Is another piece waited for? */
  get isWaiting(): boolean {
    return this.#came > 0;
  }

  /** Is there a piece under way, to be held back? */
  get isUnderWay(): boolean {
    return this.#came > 0 && this.#matched > this.#came;
  }

  /** The first piece ended, with this many symbols. */
  begin(matched: number): void {
    this.#came = matched;
    this.#matched = matched;
    this.#left = maxApart;
  }

  push(code: number, start: number, end: number): void {
    if (this.#came === 0) return;
    const symbol = this.#table[code > foreign ? foreign : code] as number;
    this.#left -= 1;
    if (endsPiece(symbol)) this.#endPiece();
    else if (this.#matched >= 0) this.#follow(symbol, start, end);
    if (this.#left <= 0 && !this.isUnderWay) this.#came = 0;
  }

  #follow(symbol: number, start: number, end: number): void {
    const { symbols } = this.#pattern;
    if (symbols[this.#matched] !== symbol) {
      this.#matched = -1;
      return;
    }
    if (this.#matched === this.#came) this.start = start;
    this.#matched += 1;
    this.#end = end;
    if (this.#matched < symbols.length) return;
    this.#onFound(this.start, end);
    this.#came = 0;
  }

  #endPiece(): void {
    if (this.#matched > this.#came) {
      if (this.#matched >= this.#pattern.least) this.#onFound(this.start, this.#end);
      this.begin(this.#matched);
    }
    this.#matched = this.#came;
  }
}
