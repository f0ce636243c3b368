/**
 * One spelling of a secret, prepared for a search that looks at each symbol once (Knuth, Morris, Pratt). Immutable: where
 * a search stands is the searcher's.
 */
export interface Pattern {
  readonly symbols: Uint8Array;
  /** By symbols matched: how many still match when the next one does not. One entry more than symbols. */
  readonly falls: Uint32Array;
  /** From this many symbols on, a beginning alone counts as found. */
  readonly least: number;
  /** The whole of a secret as text: what begins with it may go on in another string. */
  readonly isWhole: boolean;
}

export function createPattern(symbols: Uint8Array, least: number, isWhole = false): Pattern {
  const { length } = symbols;
  const falls = new Uint32Array(length + 1);
  let matched = 0;
  for (let at = 1; at < length; at += 1) {
    while (matched > 0 && symbols[matched] !== symbols[at]) matched = falls[matched] as number;
    if (symbols[matched] === symbols[at]) matched += 1;
    falls[at + 1] = matched;
  }
  return { symbols, falls, least: Math.min(least, length), isWhole };
}
