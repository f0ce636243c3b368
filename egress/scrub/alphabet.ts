/**
 * How characters count when a secret is looked for: the same letter in either case, the two base64 alphabets, hexadecimal
 * digits. Tables only, so that a step of the search is one look-up. What counts alike is written here and nowhere else.
 */

/** Ends whatever was matching. */
export const other = 256;
/** Stands between characters without being one: a line break in base64, the colon in `a1:b2`. */
export const skipped = 257;
/** The code of a character that is in no secret: beyond Latin-1, or the end of what belongs together. */
export const foreign = 256;

export interface Alphabet {
  /** What a character code (0 to 256) counts as: below 256, `other` or `skipped`. */
  readonly table: Uint16Array;
  /** Bytes that count as a symbol, by symbol (`skipped` too). */
  readonly spellings: ReadonlyMap<number, readonly number[]>;
}

function createAlphabet(symbolOf: (code: number) => number): Alphabet {
  const table = new Uint16Array(257).fill(other);
  const spellings = new Map<number, number[]>();
  for (let code = 0; code < 256; code += 1) {
    const symbol = symbolOf(code);
    table[code] = symbol;
    const known = spellings.get(symbol);
    if (known === undefined) spellings.set(symbol, [code]);
    else known.push(code);
  }
  return { table, spellings };
}

const isUpper = (code: number): boolean => code >= 65 && code <= 90;
const isLower = (code: number): boolean => code >= 97 && code <= 122;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const space = 32;
const plus = 43;

function fold(code: number): number {
  return isUpper(code) ? code + 32 : code;
}

/** A form writes a space as `+`: they count alike. */
function asForm(code: number): number {
  return code === plus ? space : code;
}

export const exactText = createAlphabet(asForm);
export const anyCaseText = createAlphabet((code) => fold(asForm(code)));

/** Line breaks and the white space of an indented block. */
const isWrap = (code: number): boolean => code === 10 || code === 13 || code === space || code === 9;

function base64Symbol(code: number): number {
  if (isUpper(code) || isLower(code) || isDigit(code) || code === plus || code === 47) return code;
  // The URL-safe alphabet.
  if (code === 45) return plus;
  if (code === 95) return 47;
  return isWrap(code) ? skipped : other;
}
export const base64 = createAlphabet(base64Symbol);

function hexSymbol(code: number): number {
  const folded = fold(code);
  if (isDigit(folded) || (folded >= 97 && folded <= 102)) return folded;
  return code === 58 || code === 45 || isWrap(code) ? skipped : other;
}
export const hexadecimal = createAlphabet(hexSymbol);

/** The value of a hexadecimal digit; -1: it is none. */
export function hexValue(code: number): number {
  if (isDigit(code)) return code - 48;
  const folded = fold(code);
  return folded >= 97 && folded <= 102 ? folded - 87 : -1;
}

/** The value of a decimal digit; -1: it is none. */
export function decimalValue(code: number): number {
  return isDigit(code) ? code - 48 : -1;
}

export function isLetter(code: number): boolean {
  return isUpper(code) || isLower(code);
}
