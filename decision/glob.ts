/**
 * Globs of rules: `*` any run, `?` one character, classes `[a-z]`, as Go's path.Match, except that `*` also crosses `/`
 * (model ids hold slashes). Own, because agents choose the text: time is bounded by the product of the two lengths.
 */
import type { TextScan } from '../contract/index.ts';

/** One character, or with a star any number of them. */
export interface Piece {
  readonly star: boolean;
  readonly test: (character: string) => boolean;
}

function parseClass(glob: string, start: number): { piece: Piece; next: number } | undefined {
  const end = glob.indexOf(']', start + 2);
  if (end < 0) return undefined;
  const negated = glob[start + 1] === '^';
  const body = glob.slice(start + (negated ? 2 : 1), end);
  const test = (character: string): boolean => {
    for (let index = 0; index < body.length; index += 1) {
      const from = body[index] ?? '';
      const isRange = body[index + 1] === '-' && index + 2 < body.length;
      const to = isRange ? (body[index + 2] ?? '') : from;
      if (character >= from && character <= to) return !negated;
      if (isRange) index += 2;
    }
    return negated;
  };
  return { piece: { star: false, test }, next: end + 1 };
}

function parseGlob(glob: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let index = 0; index < glob.length;) {
    let character = glob[index] ?? '';
    if (character === '[') {
      const parsed = parseClass(glob, index);
      if (parsed === undefined) return undefined;
      pieces.push(parsed.piece);
      index = parsed.next;
      continue;
    }
    if (character === '*') pieces.push({ star: true, test: () => true });
    else if (character === '?') pieces.push({ star: false, test: () => true });
    else {
      if (character === '\\') {
        index += 1;
        character = glob[index] ?? '';
      }
      const literal = character;
      pieces.push({ star: false, test: (candidate) => candidate === literal });
    }
    index += 1;
  }
  return pieces;
}

/** A glob read once, when the policy comes. */
export interface Glob {
  test(text: string): boolean;
  /** The same, a character at a time, for who asks which texts there are rather than about one. */
  scan(): TextScan;
  /** Which characters it tells apart: any two on which all of these agree are the same to it. */
  readonly tests: ReadonlyArray<(character: string) => boolean>;
}

/** Undefined for a malformed glob. */
export function compileGlob(glob: string): Glob | undefined {
  const pattern = parseGlob(glob);
  if (pattern === undefined) return undefined;
  return {
    test: (text) => matches(pattern, text),
    scan: () => scanFrom(pattern, [0]),
    tests: pattern.flatMap(({ star, test }) => (star ? [] : [test])),
  };
}

/** Reads a text by pieces whose stars may be choosy. */
export function scanPieces(pieces: readonly Piece[]): TextScan {
  return scanFrom(pieces, [0]);
}

/** `places`: how many pieces may have been used up by what was read. */
function scanFrom(pattern: readonly Piece[], places: readonly number[]): TextScan {
  const open = new Set<number>();
  for (const place of places) {
    for (let at = place; !open.has(at); at += 1) {
      open.add(at);
      if (pattern[at]?.star !== true) break;
    }
  }
  const sorted = [...open].sort((a, b) => a - b);
  return {
    key: sorted.join(' '),
    taken: open.has(pattern.length),
    step: (character) =>
      scanFrom(
        pattern,
        sorted.flatMap((at) => {
          const piece = pattern[at];
          if (piece === undefined) return [];
          if (!piece.test(character)) return [];
          return [piece.star ? at : at + 1];
        }),
      ),
  };
}

function matches(pattern: readonly Piece[], text: string): boolean {
  let piece = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const current = pattern[piece];
    if (current?.star === true) {
      star = piece;
      resume = at;
      piece += 1;
    } else if (current?.test(text[at] ?? '') === true) {
      piece += 1;
      at += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      piece = star + 1;
    } else return false;
  }
  return pattern.slice(piece).every((rest) => rest.star);
}

/** The globs of one list of a rule, any of which may fit. */
export interface GlobList {
  /** As written. */
  readonly texts: readonly string[];
  takes(text: string): boolean;
}

/** A list that opens: what cannot be read opens nothing. */
export function openingGlobs(texts: readonly string[]): GlobList {
  const globs = texts.map(compileGlob).filter((glob) => glob !== undefined);
  return { texts, takes: (text) => globs.some((glob) => glob.test(text)) };
}

/**
 * A list that restricts: without case, because servers differ in whether they tell cases apart, and a malformed glob
 * concerns every text.
 */
export function restrictingGlobs(texts: readonly string[]): GlobList {
  const exact = openingGlobs(texts);
  const folded = openingGlobs(texts.map((text) => text.toLowerCase()));
  const isBroken = texts.some((text) => compileGlob(text) === undefined);
  return { texts, takes: (text) => isBroken || exact.takes(text) || folded.takes(text.toLowerCase()) };
}
