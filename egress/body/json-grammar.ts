/**
 * RFC 8259's tokens as tables over bytes, so that the scanner looks each byte up once. Data only.
 */
function tableOf(fill: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => fill(byte));
}

function oneOf(characters: string): (byte: number) => number {
  return (byte) => (byte < 0x80 && characters.includes(String.fromCharCode(byte)) ? 1 : 0);
}

export const isSpace = tableOf(oneOf(' \t\n\r'));
/** Stands for itself in a string; whether it is UTF-8 is checked apart. */
export const isPlain = tableOf((byte) => (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c ? 1 : 0));

// An escape: 5 after the backslash; from 4 on, so many hexadecimal digits are missing; 0: it is over.
export const afterBackslash = 5;
export const badEscape = 6;
/** Index: state * 256 + byte. */
export const escapeMoves = new Uint8Array(6 * 256).fill(badEscape);
for (const character of '"\\/bfnrt') escapeMoves[afterBackslash * 256 + character.charCodeAt(0)] = 0;
escapeMoves[afterBackslash * 256 + 0x75] = 4;
for (const character of '0123456789abcdefABCDEF') {
  for (const missing of [1, 2, 3, 4]) escapeMoves[missing * 256 + character.charCodeAt(0)] = missing - 1;
}

/** What a value begins with. */
export const lead = { none: 0, string: 1, object: 2, array: 3, number: 4, literal: 5 } as const;

function leadOf(byte: number): number {
  if (byte === 0x22) return lead.string;
  if (byte === 0x7b) return lead.object;
  if (byte === 0x5b) return lead.array;
  if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return lead.number;
  return oneOf('tfn')(byte) === 1 ? lead.literal : lead.none;
}

export const leads = tableOf(leadOf);

export const literals: ReadonlyMap<number, Uint8Array> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), new TextEncoder().encode(word)]),
);

// A number: states by what came last, and where each kind of byte leads. 0: the number ended before this byte.
const start = 1;
const minus = 2;
const zero = 3;
const whole = 4;
const point = 5;
const fraction = 6;
const letter = 7;
const sign = 8;
const exponent = 9;

const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => 0x30 + digit);
const moves: ReadonlyArray<readonly [from: number, bytes: readonly number[], to: number]> = [
  [start, [0x2d], minus],
  ...[start, minus].flatMap((from) => [[from, [0x30], zero] as const, [from, digits, whole] as const]),
  [whole, [0x30, ...digits], whole],
  ...[zero, whole].map((from) => [from, [0x2e], point] as const),
  ...[point, fraction].map((from) => [from, [0x30, ...digits], fraction] as const),
  ...[zero, whole, fraction].map((from) => [from, [0x45, 0x65], letter] as const),
  [letter, [0x2b, 0x2d], sign],
  ...[letter, sign, exponent].map((from) => [from, [0x30, ...digits], exponent] as const),
];

export const numberStart = start;
/** Index: state * 256 + byte. */
export const numberMoves = new Uint8Array(10 * 256);
for (const [from, bytes, to] of moves) for (const byte of bytes) numberMoves[from * 256 + byte] = to;

export function isWholeNumber(state: number): boolean {
  return state === zero || state === whole || state === fraction || state === exponent;
}
