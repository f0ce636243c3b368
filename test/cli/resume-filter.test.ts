import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResumeFilter } from '../../cli/resume-filter.ts';

describe('ResumeFilter', () => {
  test('a stream cut anywhere and asked again behind its last line is shown whole and once', () => {
    // Numbers out of order by a little, as batches of several writers become visible.
    const stream = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 });
    const overlap = 1_000;
    fc.assert(
      fc.property(stream, fc.array(fc.nat(30), { maxLength: 4 }), (numbers, cuts) => {
        const filter = new ResumeFilter();
        const shown: string[] = [];
        for (const cut of [...cuts, numbers.length]) {
          const from = Number(filter.last ?? 0) - overlap;
          for (const number of numbers.filter((each) => each > from).slice(0, cut))
            if (filter.admits(String(number))) shown.push(String(number));
        }
        expect(shown).toEqual(numbers.map(String));
      }),
    );
  });

  test('a line without a number is always shown, and moves nothing', () => {
    const filter = new ResumeFilter();
    expect(['', '', 'x', '7', '7'].map((cursor) => filter.admits(cursor))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(filter.last).toBe('7');
  });
});
