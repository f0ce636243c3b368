/**
 * RE2's syntax, as far as names of tools need it, to a tree. Apart from the engine so that what a pattern means is one
 * file. It must never guess: whatever it does not know (Unicode classes, back-references, look-around) is an error.
 */
export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'not-word';

export interface CharacterSet {
  /** Code points from, to. */
  readonly ranges: ReadonlyArray<readonly [number, number]>;
  readonly negated: boolean;
  readonly fold: boolean;
}

export type Node =
  | { readonly type: 'set'; readonly set: CharacterSet }
  | { readonly type: 'assert'; readonly assertion: Assertion }
  | { readonly type: 'all'; readonly parts: readonly Node[] }
  | { readonly type: 'any'; readonly parts: readonly Node[] }
  | { readonly type: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

export class PatternError extends Error {}

interface Flags {
  readonly fold: boolean;
  readonly lines: boolean;
  readonly dotAll: boolean;
}

type Ranges = ReadonlyArray<readonly [number, number]>;

const maxCode = 0x10ffff;
// RE2's own bound of a counted repetition.
const maxRepeat = 1_000;

const perl: Readonly<Record<string, Ranges>> = {
  d: [[0x30, 0x39]],
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
};
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

function complement(ranges: Ranges): Ranges {
  const result: Array<readonly [number, number]> = [];
  let next = 0;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from > next) result.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return next > maxCode ? result : [...result, [next, maxCode]];
}

/** The ranges of \d, \D and so on; undefined: not such an escape. */
function perlClass(letter: string): Ranges | undefined {
  const ranges = perl[letter.toLowerCase()];
  if (ranges === undefined) return undefined;
  return letter === letter.toLowerCase() ? ranges : complement(ranges);
}

class Parser {
  readonly #characters: readonly string[];
  #at = 0;
  #flags: Flags = { fold: false, lines: false, dotAll: false };

  constructor(text: string) {
    this.#characters = Array.from(text);
  }

  parse(): Node {
    const node = this.#alternation();
    if (this.#at < this.#characters.length) throw new PatternError('unexpected )');
    return node;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw new PatternError('ends too early');
    this.#at += 1;
    return character;
  }

  #eat(text: string): boolean {
    if (this.#characters.slice(this.#at, this.#at + text.length).join('') !== text) return false;
    this.#at += text.length;
    return true;
  }

  #alternation(): Node {
    const parts = [this.#sequence()];
    while (this.#eat('|')) parts.push(this.#sequence());
    return { type: 'any', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = this.#atom();
      // Flags alone are no atom.
      if (atom !== undefined) parts.push(this.#repeated(atom));
      else if (this.#quantifier() !== undefined) throw new PatternError('nothing to repeat');
    }
    return { type: 'all', parts };
  }

  #repeated(node: Node): Node {
    const bounds = this.#quantifier();
    if (bounds === undefined) return node;
    this.#eat('?');
    if (this.#quantifier() !== undefined) throw new PatternError('nested repetition');
    return { type: 'repeat', node, ...bounds };
  }

  #quantifier(): { readonly min: number; readonly max: number } | undefined {
    if (this.#eat('*')) return { min: 0, max: Infinity };
    if (this.#eat('+')) return { min: 1, max: Infinity };
    if (this.#eat('?')) return { min: 0, max: 1 };
    const rest = this.#characters.slice(this.#at, this.#at + 16).join('');
    const match = /^\{(\d+)(,(\d*))?\}/.exec(rest);
    if (match === null) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    return counted(min, match[2] === undefined ? String(min) : (match[3] ?? ''));
  }

  #atom(): Node | undefined {
    const character = this.#take();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#set(this.#classRanges());
      case '.':
        return this.#set({ ranges: this.#flags.dotAll ? [] : [[0x0a, 0x0a]], negated: true });
      case '^':
        return { type: 'assert', assertion: this.#flags.lines ? 'line-start' : 'text-start' };
      case '$':
        return { type: 'assert', assertion: this.#flags.lines ? 'line-end' : 'text-end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternError('nothing to repeat');
      default:
        return this.#literal(character);
    }
  }

  #set({ ranges, negated }: { readonly ranges: Ranges; readonly negated: boolean }): Node {
    return { type: 'set', set: { ranges, negated, fold: this.#flags.fold } };
  }

  #literal(character: string): Node {
    const code = character.codePointAt(0) ?? 0;
    return this.#set({ ranges: [[code, code]], negated: false });
  }

  #group(): Node | undefined {
    const outer = this.#flags;
    if (this.#eat('?')) {
      const name = this.#characters.slice(this.#at, this.#at + 64).join('');
      const named = /^P?<[A-Za-z0-9_]+>/.exec(name);
      if (named !== null) this.#at += named[0].length;
      else if (this.#readFlags() === ')') return undefined;
    }
    const node = this.#alternation();
    if (!this.#eat(')')) throw new PatternError('missing )');
    this.#flags = outer;
    return node;
  }

  /** `ims-ims` up to `:` or `)`; U only makes repetitions lazy, which cannot change whether something matches. */
  #readFlags(): string {
    let on = true;
    let flags = this.#flags;
    for (let character = this.#take(); ; character = this.#take()) {
      if (character === ':' || character === ')') {
        this.#flags = flags;
        return character;
      }
      if (character === '-' && on) on = false;
      else if (character === 'i') flags = { ...flags, fold: on };
      else if (character === 'm') flags = { ...flags, lines: on };
      else if (character === 's') flags = { ...flags, dotAll: on };
      else if (character !== 'U') throw new PatternError(`group ?${character}`);
    }
  }

  #escape(): Node {
    const assertion = assertions[this.#peek() ?? ''];
    if (assertion !== undefined) {
      this.#at += 1;
      return { type: 'assert', assertion };
    }
    return this.#set({ ranges: this.#escapedRanges(), negated: false });
  }

  /** What a backslash stands for, in a class and outside. */
  #escapedRanges(): Ranges {
    const letter = this.#take();
    const ranges = perlClass(letter);
    if (ranges !== undefined) return ranges;
    const code = controls[letter] ?? (letter === 'x' ? this.#hex() : undefined);
    if (code !== undefined) return [[code, code]];
    if (/^[\x21-\x7e]$/.test(letter) && !/^[A-Za-z0-9]$/.test(letter)) {
      const own = letter.charCodeAt(0);
      return [[own, own]];
    }
    throw new PatternError(`escape \\${letter}`);
  }

  #hex(): number {
    const rest = this.#characters.slice(this.#at, this.#at + 10).join('');
    const match = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
    const code = Number.parseInt(match?.[1] ?? match?.[2] ?? '', 16);
    if (match === null || !(code <= maxCode)) throw new PatternError('escape \\x');
    this.#at += match[0].length;
    return code;
  }

  #classRanges(): { readonly ranges: Ranges; readonly negated: boolean } {
    const negated = this.#eat('^');
    const ranges: Array<readonly [number, number]> = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#peek() === '[' && this.#characters[this.#at + 1] === ':') throw new PatternError('[: :]');
      ranges.push(...this.#classPart());
    }
    this.#at += 1;
    return { ranges, negated };
  }

  #classPart(): Ranges {
    const from = this.#classEnd();
    const isRange = this.#peek() === '-' && this.#characters[this.#at + 1] !== ']';
    if (!isRange) return from;
    this.#at += 1;
    const [start, end] = [single(from), single(this.#classEnd())];
    if (start === undefined || end === undefined || end < start) throw new PatternError('class range');
    return [[start, end]];
  }

  #classEnd(): Ranges {
    const character = this.#take();
    if (character === '\\') return this.#escapedRanges();
    const code = character.codePointAt(0) ?? 0;
    return [[code, code]];
  }
}

/** `most` empty: without end. */
function counted(min: number, most: string): { readonly min: number; readonly max: number } {
  const max = most === '' ? Infinity : Number(most);
  if (min > maxRepeat || (max !== Infinity && max > maxRepeat) || max < min) {
    throw new PatternError('repeat count');
  }
  return { min, max };
}

const assertions: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word',
  B: 'not-word',
};

function single(ranges: Ranges): number | undefined {
  const [first, ...rest] = ranges;
  return rest.length === 0 && first !== undefined && first[0] === first[1] ? first[0] : undefined;
}

/** Throws PatternError. */
export function parsePattern(text: string): Node {
  return new Parser(text).parse();
}
