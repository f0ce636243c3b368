/**
 * Regular expressions tenants write, on an engine that is linear in the text (S46): all ways through the pattern are
 * followed at once, so no pattern and no text can hang the process that asks. RE2's semantics, found anywhere.
 */
import { compileProgram, type Program } from './program.ts';
import { parsePattern, PatternError, type Assertion, type CharacterSet } from './syntax.ts';

export interface LinearPattern {
  /** Is it found anywhere in the text? */
  test(text: string): boolean;
  /** The same, a character at a time, for who asks which texts there are rather than about one. */
  scan(): TextScan;
  /** Which characters it tells apart: any two on which all of these agree are the same to it. */
  readonly tests: ReadonlyArray<(character: string) => boolean>;
}

/** How far reading a text has come. Immutable. */
export interface TextScan {
  /** Two with one key go on alike. */
  readonly key: string;
  /** Is the text that was read so far taken? */
  readonly taken: boolean;
  step(character: string): TextScan;
}

// As admission says (api/mcp-route.ts).
const maxLength = 256;

function inRanges({ ranges }: CharacterSet, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to);
}

function foldings(code: number): number[] {
  const text = String.fromCodePoint(code);
  const variants = [text.toLowerCase(), text.toUpperCase(), text.toUpperCase().toLowerCase()];
  return variants.filter((each) => Array.from(each).length === 1).map((each) => each.codePointAt(0) ?? code);
}

function holds(set: CharacterSet, code: number): boolean {
  const found = inRanges(set, code) || (set.fold && foldings(code).some((each) => inRanges(set, each)));
  return found !== set.negated;
}

function isWord(code: number | undefined): boolean {
  return code !== undefined && code < 0x80 && /^\w$/.test(String.fromCharCode(code));
}

interface Place {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

function asserted(assertion: Assertion, { before, after }: Place): boolean {
  switch (assertion) {
    case 'text-start':
      return before === undefined;
    case 'text-end':
      return after === undefined;
    case 'line-start':
      return before === undefined || before === 0x0a;
    case 'line-end':
      return after === undefined || after === 0x0a;
    case 'word':
      return isWord(before) !== isWord(after);
    case 'not-word':
      return isWord(before) === isWord(after);
    default:
      return assertion satisfies never;
  }
}

/** Follows everything that needs no character; true when the end of the pattern is reached. */
function follow(program: Program, from: number, place: Place, threads: Set<number>): boolean {
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (threads.has(at)) continue;
    threads.add(at);
    const instruction = program.instructions[at];
    if (instruction?.op === 'match') return true;
    if (instruction?.op === 'split') open.push(...instruction.next);
    else if (instruction?.op === 'assert' && asserted(instruction.assertion, place)) {
      open.push(instruction.next);
    }
  }
  return false;
}

function search(program: Program, text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  let threads = new Set<number>();
  for (let at = 0; at <= codes.length; at += 1) {
    const place = { before: codes[at - 1], after: codes[at] };
    if (follow(program, program.start, place, threads)) return true;
    const code = codes[at];
    if (code === undefined) return false;
    const next = new Set<number>();
    const ahead = { before: code, after: codes[at + 1] };
    for (const thread of threads) {
      const instruction = program.instructions[thread];
      if (instruction?.op !== 'set' || !holds(instruction.set, code)) continue;
      if (follow(program, instruction.next, ahead, next)) return true;
    }
    threads = next;
  }
  return false;
}

/** Threads that have not been followed yet, because what they assert depends on the character that comes. */
class PatternScan implements TextScan {
  readonly key: string;
  readonly #program: Program;
  readonly #threads: readonly number[];
  readonly #before: number | undefined;

  constructor(program: Program, threads: readonly number[], before: number | undefined) {
    this.#program = program;
    this.#threads = [...new Set(threads)].sort((a, b) => a - b);
    this.#before = before;
    const kind = before === undefined ? 'start' : `${before === 0x0a} ${isWord(before)}`;
    this.key = `${this.#threads.join(' ')} ${kind}`;
  }

  /** Undefined: the pattern was found. */
  #followed(after: number | undefined): ReadonlySet<number> | undefined {
    const place = { before: this.#before, after };
    const open = new Set<number>();
    const found = [this.#program.start, ...this.#threads].some((at) =>
      follow(this.#program, at, place, open),
    );
    return found ? undefined : open;
  }

  get taken(): boolean {
    return this.#followed(undefined) === undefined;
  }

  step(character: string): TextScan {
    const code = character.codePointAt(0) ?? 0;
    const open = this.#followed(code);
    if (open === undefined) return foundScan;
    const next = [...open].flatMap((at) => {
      const instruction = this.#program.instructions[at];
      return instruction?.op === 'set' && holds(instruction.set, code) ? [instruction.next] : [];
    });
    return new PatternScan(this.#program, next, code);
  }
}

const foundScan: TextScan = { key: 'found', taken: true, step: () => foundScan };

function testsOf({ instructions }: Program): Array<(character: string) => boolean> {
  const codeOf = (character: string): number => character.codePointAt(0) ?? 0;
  return [
    (character) => isWord(codeOf(character)),
    (character) => character === '\n',
    ...instructions.flatMap((each) =>
      each.op === 'set' ? [(character: string) => holds(each.set, codeOf(character))] : [],
    ),
  ];
}

/** How a pattern is read. */
export interface PatternOptions {
  /** As if it stood in `(?i:…)`. Default: as it is written. */
  readonly caseless?: boolean;
}

/** Undefined for what is no pattern here, or too large a one. */
export function compilePattern(
  text: string,
  { caseless = false }: PatternOptions = {},
): LinearPattern | undefined {
  if (text.length > maxLength) return undefined;
  try {
    // What is no pattern by itself must not become one within the group.
    const written = parsePattern(text);
    const program = compileProgram(caseless ? parsePattern(`(?i:${text})`) : written);
    return {
      test: (subject) => search(program, subject),
      scan: () => new PatternScan(program, [], undefined),
      tests: testsOf(program),
    };
  } catch (thrown) {
    if (thrown instanceof PatternError) return undefined;
    throw thrown;
  }
}
