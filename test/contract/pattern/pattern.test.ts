import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../contract/index.ts';

describe('patterns', () => {
  test.each([
    ['^(get|list)_[a-z]+$', 'get_user', true],
    ['^(get|list)_[a-z]+$', 'forget_user', false],
    ['admin', 'is_admin_tool', true],
    ['(?i)ADMIN', 'admin', true],
    ['(?i:a)B', 'AB', true],
    ['(?i:a)B', 'Ab', false],
    ['a(?i)b', 'aB', true],
    ['^x{2,3}$', 'xxxx', false],
    ['^x{2,3}$', 'xxx', true],
    ['a{,5}', 'a{,5}', true],
    ['[]a]', ']', true],
    ['[^a-c]', 'b', false],
    [String.raw`\bdrop\b`, 'do-drop-it', true],
    [String.raw`\bdrop\b`, 'droplet', false],
    [String.raw`^\x41\x{42}$`, 'AB', true],
    ['(?P<kind>a|b)+$', 'abab', true],
    ['', 'anything', true],
    ['a$', 'a\n', false],
    ['(?m)a$', 'a\nb', true],
    ['a.b', 'a\nb', false],
    ['(?s)a.b', 'a\nb', true],
    ['(a*)*b', 'aaab', true],
    ['(|a)+$', 'aaa', true],
  ])('%s in %j: %s', (pattern, text, found) => {
    expect(compilePattern(pattern)?.test(text)).toBe(found);
  });

  test.each([
    '(',
    ')',
    '[a-',
    '*a',
    'a**',
    '(?=a)',
    '(?<!a)',
    String.raw`(a)\1`,
    String.raw`\pL`,
    '[[:alpha:]]',
  ])('%s is refused', (pattern) => {
    expect(compilePattern(pattern)).toBeUndefined();
  });

  test.each(['a{1001}', '(a{100}){100}', 'a'.repeat(257), 'a{3,2}'])('%s is too large', (pattern) => {
    expect(compilePattern(pattern)).toBeUndefined();
  });
});

// Built from parts that mean the same to RE2 and to JavaScript.
const atom = fc.constantFrom(
  'a',
  'b',
  '_',
  '.',
  '[ab]',
  '[^a]',
  '[a-c_]',
  String.raw`\d`,
  String.raw`\w`,
  '^',
  '$',
  String.raw`\b`,
);
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?'))
      .map(([a, q]) => `(?:${a})${q}`),
  ),
})).node;

test('agrees with JavaScript where both read a pattern the same way', () => {
  fc.assert(
    fc.property(
      pattern,
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '_', '1', '-'), maxLength: 12 }),
      (source, text) => {
        const own = compilePattern(source);
        fc.pre(own !== undefined);
        expect(own?.test(text)).toBe(new RegExp(source, 'u').test(text));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('any text is read or refused, and a search ends', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (source, text) => {
      expect([true, false, undefined]).toContain(compilePattern(source)?.test(text));
    }),
  );
});

test('S46: what hangs a backtracking engine is a count of steps here', () => {
  const hostile = compilePattern('^(([a-z])+.)+[A-Z]([a-z])+$');
  expect(hostile?.test(`${'a'.repeat(4_000)}!`)).toBe(false);
});
