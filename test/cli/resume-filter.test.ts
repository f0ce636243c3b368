import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResumeFilter } from '../../cli/resume-filter.ts';

describe('ResumeFilter', () => {
  test('a stream cut anywhere and asked again from its last instant is shown whole and once', () => {
    // Sorted instants, several lines each: what an ordered, unbroken stream would have shown.
    const stream = fc
      .array(fc.nat(5), { minLength: 1, maxLength: 30 })
      .map((times) =>
        times.sort((a, b) => a - b).map((time, index) => ({ time: String(time), line: `line ${index}` })),
      );
    fc.assert(
      fc.property(stream, fc.array(fc.nat(30), { maxLength: 4 }), (lines, cuts) => {
        const filter = new ResumeFilter();
        const shown: string[] = [];
        for (const cut of [...cuts, lines.length]) {
          const from = filter.last ?? '';
          for (const { time, line } of lines.filter((each) => each.time >= from).slice(0, cut)) {
            if (filter.admits(time, line)) shown.push(line);
          }
          filter.resume();
        }
        const last = filter.last ?? '';
        for (const { time, line } of lines.filter((each) => each.time >= last)) {
          if (filter.admits(time, line)) shown.push(line);
        }
        expect(shown).toEqual(lines.map((each) => each.line));
      }),
    );
  });

  test('the same text twice in one instant is two lines, as long as nothing was cut', () => {
    const filter = new ResumeFilter();
    expect([filter.admits('1', 'a'), filter.admits('1', 'a'), filter.admits('1', 'b')]).toEqual([
      true,
      true,
      true,
    ]);
    filter.resume();
    expect([filter.admits('1', 'a'), filter.admits('1', 'c'), filter.admits('0', 'x')]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
