/** Globs and patterns as readers of a text. Restricting rules compare without case, so both spellings are read. Pure. */
import { compilePattern, type TextScan } from '../../../contract/index.ts';
import { compileGlob, withoutEndSlash, type PathReader } from '../../../decision/index.ts';
import type { Reader, Scan } from './text-space.ts';

interface Compiled {
  scan(): TextScan;
  readonly tests: ReadonlyArray<(character: string) => boolean>;
}

function scanOf(scan: TextScan, fold: (character: string) => string): Scan {
  return {
    key: scan.key,
    verdict: scan.taken ? '1' : '0',
    step: (character) => scanOf(scan.step(fold(character)), fold),
  };
}

function reader(compiled: Compiled, fold: (character: string) => string): Reader {
  return {
    scan: () => scanOf(compiled.scan(), fold),
    tests: compiled.tests.map((test) => (character) => test(fold(character))),
  };
}

const same = (character: string): string => character;
const lower = (character: string): string => character.toLowerCase();
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

export function globReaders(globs: readonly string[]): Reader[] {
  const exact = unique(globs).map(compileGlob);
  const folded = unique(globs.map((glob) => glob.toLowerCase())).map(compileGlob);
  const read = (each: Compiled | undefined, fold: typeof same): Reader[] =>
    each === undefined ? [] : [reader(each, fold)];
  return [...exact.flatMap((each) => read(each, same)), ...folded.flatMap((each) => read(each, lower))];
}

/** Reads a path without the slash at its end: `before` is how far one was ahead of the last character, if that is one. */
function endSlashScan(now: Scan, before: Scan | undefined, isStart: boolean): Scan {
  return {
    key: `${now.key}/${before?.key ?? ''}`,
    verdict: (before ?? now).verdict,
    step: (character) =>
      endSlashScan(now.step(character), character === '/' && !isStart ? now : undefined, false),
  };
}

/** Denied endpoints as they are compared with paths that end in a slash. */
export function endSlashReaders(globs: readonly string[]): Reader[] {
  return globReaders(globs.map(withoutEndSlash)).map((each) => ({
    scan: () => endSlashScan(each.scan(), undefined, true),
    tests: [...each.tests, (character) => character === '/'],
  }));
}

/** Each state once, and each step from it: many rules are read at the same time, and most have nothing to say. */
function remembered(start: Scan): Scan {
  const states = new Map<string, Scan>();
  const stateOf = (scan: Scan): Scan => {
    const known = states.get(scan.key);
    if (known !== undefined) return known;
    const steps = new Map<string, Scan>();
    const { key, verdict } = scan;
    const fresh: Scan = {
      ...{ key, verdict },
      step: (character) => {
        const next = steps.get(character) ?? stateOf(scan.step(character));
        steps.set(character, next);
        return next;
      },
    };
    states.set(key, fresh);
    return fresh;
  };
  return stateOf(start);
}

/** Paths as a rule about HTTP reads them to allow. */
export function pathReader(exact: PathReader): Reader {
  const each = reader(exact, same);
  return { ...each, scan: () => remembered(each.scan()) };
}

/** As `PathPattern.mayTake`: whatever the case, with a slash at the end and without. */
function looseScan(now: Scan, before: Scan | undefined, isStart: boolean): Scan {
  const bare = before ?? now;
  return {
    key: `${now.key}/${before?.key ?? ''}`,
    verdict: `${bare.verdict}${(before === undefined ? now.step('/') : now).verdict}`,
    step: (character) =>
      looseScan(now.step(character), character === '/' && !isStart ? now : undefined, false),
  };
}

/** And to deny. */
export function loosePathReader(loose: PathReader): Reader {
  const each = reader(loose, lower);
  return {
    scan: () => remembered(looseScan(each.scan(), undefined, true)),
    tests: [...each.tests, (character) => character === '/'],
  };
}

export function patternReaders(sources: readonly string[]): Reader[] {
  return unique(sources).flatMap((source) => {
    const written = compilePattern(source);
    const caseless = compilePattern(source, { caseless: true });
    return [
      ...(written === undefined ? [] : [reader(written, same), reader(written, lower)]),
      ...(caseless === undefined ? [] : [reader(caseless, same)]),
    ];
  });
}
