/** One text stands for each way in which globs and patterns can come out together, and none is missing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from '../../../../contract/index.ts';
import { compileGlob } from '../../../../decision/index.ts';
import { globReaders, patternReaders } from '../../../../policy/reach/space/reader.ts';
import { computeTextSpace, printable } from '../../../../policy/reach/space/text-space.ts';

const globs = ['gpt-*', '*-mini', 'GPT-4?', 'gpt-4o', '[a-f]*', '[^g]*', '*', 'a\\*b', '?', 'o1*'];
const sources = ['^get_[a-z]+$', '_x$', '\\bgpt', '(?i)MINI', 'a|b', '4.$'];
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('gpt-4oGPTmini_xXab1*')), minLength: 1, maxLength: 8 }),
  fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'GPT-4O', 'o1-mini', 'get_x', 'get_X', 'a*b'),
);

test('whatever globs and patterns say of a text, they say of one in the space, in both spellings', () => {
  fc.assert(
    fc.property(
      fc.subarray(globs, { maxLength: 4 }),
      fc.subarray(sources, { maxLength: 2 }),
      text,
      (written, patterns, tried) => {
        const space = computeTextSpace({
          readers: [...globReaders(written), ...patternReaders(patterns)],
          alphabet: printable,
          spelled: [],
        });
        expect(space.complete).toBe(true);
        const verdict = (each: string): string => {
          const lower = each.toLowerCase();
          const by = [
            ...written.flatMap((glob) => [
              compileGlob(glob)!.test(each),
              compileGlob(glob.toLowerCase())!.test(lower),
            ]),
            ...patterns.flatMap((source) => [
              compilePattern(source)!.test(each),
              compilePattern(source)!.test(lower),
            ]),
          ];
          return by.map(Number).join('');
        };
        expect(space.texts.map(verdict)).toContain(verdict(tried));
      },
    ),
    { numRuns: 400 },
  );
});

test('what would take too many steps is told as incomplete', () => {
  const many = Array.from({ length: 14 }, (_, index) => `*${String.fromCharCode(97 + index)}*`);
  const space = computeTextSpace({ readers: globReaders(many), alphabet: printable, spelled: [] });
  expect(space.complete).toBe(false);
  expect(space.texts.length).toBeGreaterThan(0);
});
