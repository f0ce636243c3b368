/**
 * Paths as rules of EgressHTTPRoutes write them. Compared with canonical paths that everybody reads in one way (path.ts); own
 * and linear, because agents choose the path. What a rule that denies names, it names whatever its case and with a slash at
 * the end or without, because servers differ in both.
 */
import { compilePattern, type HttpPath, type TextScan } from '../../contract/index.ts';
import { scanPieces, type Piece } from '../glob.ts';
import { isPlainPath, withoutEndSlash } from '../path.ts';

export interface PathReader {
  test(path: string): boolean;
  /** The same, a character at a time, for who asks which paths there are. */
  scan(): TextScan;
  /** Which characters it tells apart. */
  readonly tests: ReadonlyArray<(character: string) => boolean>;
}

export interface PathPattern {
  /** Undefined: nobody can say what it is about, so it takes nothing and may take everything. */
  readonly exact: PathReader | undefined;
  /** Reads paths in lower case. */
  readonly loose: PathReader | undefined;
  takes(path: string): boolean;
  /** Some server may read the path as one that is taken. */
  mayTake(path: string): boolean;
}

const literal = (text: string): Piece[] =>
  Array.from(text, (letter) => ({ star: false, test: (character) => character === letter }));
const any = (): boolean => true;
const inSegment = (character: string): boolean => character !== '/';
const oneOrMore = (test: Piece['test']): Piece[] => [
  { star: false, test },
  { star: true, test },
];

/** Undefined: it is no segment of a template. */
function parseSegment(segment: string): Piece[] | undefined {
  if (segment === '**') return oneOrMore(any);
  if (segment === '*') return oneOrMore(inSegment);
  if (segment.includes('**') || !/^(?:[^{}]|\{[A-Za-z0-9_]+\})*$/.test(segment)) return undefined;
  const tokens = segment.match(/\{[A-Za-z0-9_]+\}|[*]|[^*]/g) ?? [];
  return tokens.flatMap((token) => {
    if (token === '*') return [{ star: true, test: inSegment }];
    return token.startsWith('{') ? oneOrMore(inSegment) : literal(token);
  });
}

/** Undefined: it is no template. */
function parseTemplate(value: string): Piece[] | undefined {
  const segments = value.split('/').map(parseSegment);
  if (segments.includes(undefined)) return undefined;
  return segments.flatMap((pieces = [], index) => [...(index > 0 ? literal('/') : []), ...pieces]);
}

/** Has the pattern alternatives as a whole? Within brackets they do not change how it begins. */
function isAlternative(pattern: string): boolean {
  let depth = 0;
  for (const [token] of pattern.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|./gs)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (token === '|' && depth <= 0) return true;
  }
  return false;
}

function beginningOfPattern(pattern: string): string {
  if (isAlternative(pattern)) return '';
  const [text = '', next = ''] = /^([A-Za-z0-9/_-]*)(.?)/.exec(pattern)?.slice(1) ?? [];
  return /^[?*{]/.test(next) ? text.slice(0, -1) : text;
}

/** The text every path that is taken begins with: most rules of many are told by it. */
function beginningOf({ type, value }: HttpPath): string {
  switch (type) {
    case 'Exact':
      return value;
    case 'PathPrefix':
      return withoutEndSlash(value);
    case 'Template':
      return /^[^*{]*/.exec(value)?.[0] ?? '';
    case 'RegularExpression':
      return beginningOfPattern(value);
    default:
      return type satisfies never;
  }
}

function union(lists: ReadonlyArray<readonly Piece[]>): () => TextScan {
  const join = (scans: readonly TextScan[]): TextScan => ({
    key: scans.map(({ key }) => key).join('/'),
    taken: scans.some(({ taken }) => taken),
    step: (character) => join(scans.map((scan) => scan.step(character))),
  });
  return () => join(lists.map(scanPieces));
}

/** Which pieces may be reached, one character after the other: few at a time, and at most as many as there are. */
function run(pieces: readonly Piece[], text: string): boolean {
  // The character at which a place was reached last, so that none is reached twice.
  const reachedAt = new Int32Array(pieces.length + 1).fill(-1);
  let open: number[] = [];
  const reach = (from: number, at: number, into: number[]): void => {
    for (let place = from; place <= pieces.length && reachedAt[place] !== at; place += 1) {
      reachedAt[place] = at;
      into.push(place);
      if (pieces[place]?.star !== true) return;
    }
  };
  reach(0, 0, open);
  let at = 0;
  for (const character of text) {
    at += 1;
    const next: number[] = [];
    for (const place of open) {
      const piece = pieces[place];
      if (piece?.test(character) === true) reach(piece.star ? place : place + 1, at, next);
    }
    if (next.length === 0) return false;
    open = next;
  }
  return open.includes(pieces.length);
}

function slashesOf(text: string): number {
  let count = 0;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) count += 1;
  return count;
}

function piecesReader(lists: ReadonlyArray<readonly Piece[]>, test: (path: string) => boolean): PathReader {
  return {
    test,
    scan: union(lists),
    tests: lists.flat().map((piece) => piece.test),
  };
}

/** Undefined: it cannot be read. `caseless`: in lower case. */
function readerOf({ type, value: written }: HttpPath, caseless: boolean): PathReader | undefined {
  const value = caseless ? written.toLowerCase() : written;
  switch (type) {
    case 'Exact':
      return piecesReader([literal(value)], (path) => path === value);
    case 'PathPrefix': {
      const bare = withoutEndSlash(value) === '/' ? '' : withoutEndSlash(value);
      const below = [...literal(`${bare}/`), { star: true, test: any }];
      return piecesReader([literal(bare), below], (path) => path === bare || path.startsWith(`${bare}/`));
    }
    case 'Template': {
      const pieces = parseTemplate(value);
      const slashes = slashesOf(value);
      // Only `**` crosses segments: most paths are told by how many they have.
      const isLonger = value.includes('**');
      return (
        pieces &&
        piecesReader([pieces], (path) => {
          const more = slashesOf(path) - slashes;
          return (isLonger ? more >= 0 : more === 0) && run(pieces, path);
        })
      );
    }
    case 'RegularExpression': {
      // What is no pattern by itself must not become one within the group.
      if (compilePattern(written) === undefined) return undefined;
      return compilePattern(`^(?:${written})$`, { caseless });
    }
    default:
      return type satisfies never;
  }
}

/** A path that no server reads in two ways, whatever stands for what is left open. */
function isReadable({ type, value }: HttpPath): boolean {
  if (type === 'RegularExpression') return true;
  const filled = type === 'Template' ? value.replace(/\{[A-Za-z0-9_]+\}|[*]+/g, 'x') : value;
  return value.startsWith('/') && !value.includes('%') && !value.includes('?') && isPlainPath(filled);
}

/** Read when it is first asked: of ten thousand rules most are told by the beginning of their paths. */
class LazyPath implements PathPattern {
  readonly #path: HttpPath;
  readonly #beginning: string;
  #readers: readonly [PathReader | undefined, PathReader | undefined] | undefined;

  constructor(path: HttpPath) {
    this.#path = path;
    this.#beginning = beginningOf(path);
  }

  #read(): readonly [PathReader | undefined, PathReader | undefined] {
    this.#readers ??= isReadable(this.#path)
      ? [readerOf(this.#path, false), readerOf(this.#path, true)]
      : [undefined, undefined];
    return this.#readers;
  }

  get exact(): PathReader | undefined {
    return this.#read()[0];
  }

  get loose(): PathReader | undefined {
    return this.#read()[1];
  }

  takes(path: string): boolean {
    return path.startsWith(this.#beginning) && this.exact?.test(path) === true;
  }

  mayTake(path: string): boolean {
    const { loose } = this;
    if (loose === undefined) return true;
    const bare = withoutEndSlash(path.toLowerCase());
    return loose.test(bare) || loose.test(`${bare}/`);
  }
}

export function compilePath(path: HttpPath): PathPattern {
  return new LazyPath(path);
}
