/**
 * Regular expressions tenants write, on an engine that is linear in the text (S46): all ways through the pattern are
 * followed at once, so no pattern and no text can hang the process that asks. RE2's semantics, found anywhere.
 */
import { compileProgram, type Program } from './program.ts';
import { parsePattern, PatternError, type Assertion, type CharacterSet } from './syntax.ts';

export interface LinearPattern {
  /** Is it found anywhere in the text? */
  test(text: string): boolean;
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

/** Undefined for what is no pattern here, or too large a one. */
export function compilePattern(text: string): LinearPattern | undefined {
  if (text.length > maxLength) return undefined;
  try {
    const program = compileProgram(parsePattern(text));
    return { test: (subject) => search(program, subject) };
  } catch (thrown) {
    if (thrown instanceof PatternError) return undefined;
    throw thrown;
  }
}
