/**
 * The ways text formats write one character as several: JSON and JavaScript (`\u0041`, `\x41`, `\/`), URLs (`%41`), HTML
 * (`&lt;`, `&#65;`, `&#x41;`). Reads an escape from its first character on, one more at a time; keeps nothing.
 */
import { decimalValue, foreign, hexValue, isLetter } from './alphabet.ts';

/** The characters so far may still become an escape. */
export const unfinished = -1;
/** They are none: each stands for itself. */
export const literal = -2;
/** Added to a code: the last character ended the escape and is not part of it. */
export const lastApart = 0x40_00_00;

/** `&#x` with a dozen leading zeros fits. */
const maxEscape = 18;
const backslash = 92;
const percent = 37;
const ampersand = 38;
const hash = 35;
const semicolon = 59;
const letterU = 117;
const letterX = 120;

/** First characters of escapes. */
export const introducers: readonly number[] = [backslash, percent, ampersand];

export function isIntroducer(code: number): boolean {
  return code === backslash || code === percent || code === ampersand;
}

const control: ReadonlyMap<number, number> = new Map([
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
]);

/** What a backslash before this character makes of it; undefined: it starts a longer escape. */
function afterBackslash(code: number): number | undefined {
  if (code === letterU || code === letterX) return undefined;
  return control.get(code) ?? code;
}

/** The names of HTML for characters of ASCII. */
const names: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Tab: '\t',
    NewLine: '\n',
    excl: '!',
    quot: '"',
    QUOT: '"',
    num: '#',
    dollar: '$',
    percnt: '%',
    amp: '&',
    AMP: '&',
    apos: "'",
    lpar: '(',
    rpar: ')',
    ast: '*',
    midast: '*',
    plus: '+',
    comma: ',',
    period: '.',
    sol: '/',
    colon: ':',
    semi: ';',
    lt: '<',
    LT: '<',
    equals: '=',
    gt: '>',
    GT: '>',
    quest: '?',
    commat: '@',
    lsqb: '[',
    lbrack: '[',
    bsol: '\\',
    rsqb: ']',
    rbrack: ']',
    Hat: '^',
    lowbar: '_',
    UnderBar: '_',
    grave: '`',
    DiacriticalGrave: '`',
    lcub: '{',
    lbrace: '{',
    verbar: '|',
    vert: '|',
    VerticalLine: '|',
    rcub: '}',
    rbrace: '}',
  }),
);

/** `codes` up to `count` as a number of this base, from `from` on. */
function valueOf(codes: readonly number[], from: number, count: number, base: 10 | 16): number {
  let value = 0;
  for (let at = from; at < count; at += 1) {
    value = value * base + hexValue(codes[at] as number);
    if (value > 0x10_ff_ff) return foreign;
  }
  return value;
}

function readHex(codes: readonly number[], from: number, count: number, digits: number): number {
  if (hexValue(codes[count - 1] as number) < 0) return literal;
  return count < from + digits ? unfinished : valueOf(codes, from, count, 16);
}

function readBackslash(codes: readonly number[], count: number): number {
  const kind = codes[1] as number;
  if (count === 2) return afterBackslash(kind) ?? unfinished;
  return readHex(codes, 2, count, kind === letterU ? 4 : 2);
}

function readNumber(codes: readonly number[], count: number): number {
  const isHex = ((codes[2] as number) | 32) === letterX;
  const from = isHex ? 3 : 2;
  if (count <= from) return unfinished;
  const last = codes[count - 1] as number;
  const digit = isHex ? hexValue(last) : decimalValue(last);
  if (digit >= 0) return unfinished;
  if (count === from + 1) return literal;
  const value = valueOf(codes, from, count - 1, isHex ? 16 : 10);
  return last === semicolon ? value : value + lastApart;
}

function readEntity(codes: readonly number[], count: number): number {
  if (codes[1] === hash) return readNumber(codes, count);
  const last = codes[count - 1] as number;
  if (isLetter(last)) return unfinished;
  if (last !== semicolon) return literal;
  const name = names.get(String.fromCharCode(...codes.slice(1, count - 1)));
  return name === undefined ? literal : name.charCodeAt(0);
}

/** What the first `count` (at least two) codes are, the first of them an introducer: a code, `unfinished` or `literal`. */
export function readEscape(codes: readonly number[], count: number): number {
  if (count > maxEscape) return literal;
  if (codes[0] === backslash) return readBackslash(codes, count);
  return codes[0] === percent ? readHex(codes, 1, count, 2) : readEntity(codes, count);
}

/**
 * What two bytes of a body are: a code, `unfinished` or `literal`. The second may stand for another character: zero is none
 * in UTF-16, and an introducer may be the escape of one.
 */
export function startEscape(introducer: number, second: number): number {
  if (second === 0 || (isIntroducer(second) && second !== ampersand)) return unfinished;
  return readEscape([introducer, second], 2);
}
