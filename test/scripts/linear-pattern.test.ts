/** What is proven linear, and what is not: the second list makes a backtracking engine slow, by the text beside it. */
import { describe, expect, test } from 'vitest';
import { checkPatterns } from '../../scripts/check-patterns.ts';
import { whyNotLinear } from '../../scripts/linear-pattern.ts';
import { readSourceFiles } from '../../scripts/source-files.ts';

describe('S29: a pattern', () => {
  test.each([
    ['one loop at the beginning', /^[a-z]+$/],
    ['two that share no character', /^[a-z]+\d*$/],
    ['one that every match ends', /a+/],
    ['a loop of tokens that a character parts', /^(?:[a-z]+,)*$/],
    ['a class that excludes its end', /"[^"]*"/],
    ['counted', /^(?:[a-z]{1,9};)+$/],
    ['sticky, so that nobody searches for its beginning', /\s+;/y],
    ['looking around without a loop', /%(?![0-9a-f]{2})/],
    ['one character after a loop of the same', /^[a-z](?:[a-z-]*[a-z])?$/],
    ['everything', /^[^]*$/],
  ])('%s is linear: %s', (_name, { source, flags }) => {
    expect(whyNotLinear(source, flags)).toBeUndefined();
  });

  test.each([
    ['white space at the end, looked for everywhere', /\s+$/, ' '],
    ['a loop of loops', /^(?:a+)+$/, 'a'],
    ['a loop of what may be empty', /^(?:a*)*$/, 'a'],
    ['two ways to read one character', /^(?:a|[ab])*$/, 'a'],
    ['two loops of the same', /^\d+\d+$/, '1'],
    ['a loop beside any', /^(\S+)\s+(.*)$/, 'a \n'],
    ['one that begins anywhere and ends at a word', /begin[^]*end/, 'begin'],
    ['two readings of a pair', /^(?:ab?|b)*$/, 'ab'],
    ['overlapping alternatives over a loop', /^(?:ab|a|b)*c/, 'ab'],
    ['a suffix in a loop, without case', /(?:foo)+x/i, 'FOO'],
    ['by lines', /^ +$/m, ' '],
  ])('%s is not: %s', (_name, { source, flags }) => {
    expect(whyNotLinear(source, flags)).toMatch(/^(?:exponential|quadratic)/);
  });

  test.each([
    ['a back-reference', /(a)\1/],
    ['a look ahead without bound', /a(?=b*c)/],
  ])('%s is not proven', (_name, { source, flags }) => {
    expect(whyNotLinear(source, flags)).toMatch(/^not read/);
  });
});

describe('the check', () => {
  const problems = (text: string, path = 'egress/x.ts'): string[] => checkPatterns([{ path, text }]);

  test.each([
    ['a literal', 'const a = /\\s+$/;'],
    ['in a call', 'text.replace(/\\s+$/, "")'],
    ['built of constants', "const a = '\\\\s+'; const b = new RegExp(`${a}$`, 'u');"],
    ['built of what comes', 'const a = new RegExp(text);'],
    ['built without new', 'const a = RegExp(text);'],
    ['built with flags that come', "const a = new RegExp('a', flags);"],
  ])('finds one that is %s', (_name, text) => {
    expect(problems(text)).toHaveLength(1);
  });

  test('takes one built of constants, and leaves other folders alone', () => {
    expect(problems("const a = '[a-z]+'; const b = new RegExp(`^${a}(?:,${a})*$`);")).toEqual([]);
    expect(problems('const a = /\\s+$/;', 'cli/x.ts')).toEqual([]);
  });

  test('S29: every pattern of egress, decision, contract and policy is linear', () => {
    expect(checkPatterns(readSourceFiles())).toEqual([]);
  }, 60_000);
});
