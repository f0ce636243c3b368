import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPlainPath, parseQueryNames, parseTarget } from '../../decision/index.ts';

const plain = "abzAZ09-._~!$&'()*+,=:@/";
const encode = (character: string, lower: boolean): string => {
  const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
  return `%${lower ? hex : hex.toUpperCase()}`;
};

describe('S34: a path has one form', () => {
  test('property: whichever of its characters are encoded, and in which case of hex', () => {
    const character = fc.record({
      text: fc.constantFrom(...Array.from(plain)),
      encoded: fc.boolean(),
      lower: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(character, { maxLength: 30 }), (characters) => {
        const written = characters.map(({ text, encoded, lower }) =>
          encoded && text !== '/' ? encode(text, lower) : text,
        );
        const meant = characters.map(({ text }) => text).join('');
        expect(parseTarget(`/${written.join('')}`).path).toBe(`/${meant}`);
      }),
    );
  });

  test('property: it is decoded once, and what separates or hides is never decoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 30 }), (text) => {
        const { path } = parseTarget(`/${text.replaceAll('?', '')}`);
        // The same again: a second decoding would find nothing.
        expect(parseTarget(path).path).toBe(path);
        const separators = (each: string): number => each.split(/[/?#\\;%]/).length;
        expect(separators(path)).toBeGreaterThanOrEqual(
          separators(`/${text.replaceAll('?', '')}`.replace(/%[0-9a-fA-F]{2}/g, '')),
        );
      }),
    );
  });

  test.each([
    ['/v1/files', true],
    ['/v1/a b%20c', true],
    ['/model/anthropic.claude-v1:0/converse', true],
    ['/v1//files', false],
    ['/v1/./files', false],
    ['/v1/../files', false],
    ['/v1/%2e%2e/files', false],
    ['/v1%2ffiles', false],
    ['/v1%5Cfiles', false],
    ['/v1/%252e', false],
    ['/v1/%00', false],
    ['/v1/%0d%0a', false],
    ['/v1/files;x=1', false],
    ['/v1/files%3Bx', false],
    ['/v1/%zz', false],
    ['/v1/%', false],
    ['/v1/files.', false],
    ['/v1./files', false],
    ['/v1/files...', false],
    ['/v1/files%20', false],
    ['/v1/%20files', false],
    ['/v1/x::$DATA', false],
    // Full width, a ligature, an accent, a letter and a mark, dotless, a joiner that is not seen.
    ['/v1/%EF%BD%86iles', false],
    ['/v1/%EF%AC%81les', false],
    ['/v1/fil%C3%A9s', false],
    ['/v1/file%CC%81s', false],
    ['/v1/f%C4%B1les', false],
    ['/v1/fi%E2%80%8Bles', false],
    // Not UTF-8: a slash in two bytes, an older code page; and bytes that nobody encoded.
    ['/v1%C0%AFfiles', false],
    ['/v1/fil%E9s', false],
    ['/v1/\u{66}il\u{e9}s', false],
    ['/v1/files.txt', true],
    ['/.well-known/x', true],
    ['/v1/%E6%96%87%E4%BB%B6/', true],
  ])('%s is read in one way only: %s', (target, expected) => {
    expect(isPlainPath(parseTarget(target).path)).toBe(expected);
  });
});

test.each([
  ['/a?k%65y=1&b', '?k%65y=1&b', ['key', 'b']],
  ['/a', '', []],
  ['/a?', '?', []],
])('the query of %s', (target, query, names) => {
  expect(parseTarget(target).query).toBe(query);
  expect(parseQueryNames(query)).toEqual(names);
});
