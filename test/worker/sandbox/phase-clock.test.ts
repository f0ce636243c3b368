import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PhaseClock, phaseNames } from '../../../worker/sandbox/phase-clock.ts';

test('phases sum to the total, whatever the clock does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -5, max: 1000, noNaN: true }), { minLength: 9, maxLength: 9 }),
      (steps) => {
        let now = 1_795_000_000_000;
        const clock = new PhaseClock(() => now);
        for (const [index, name] of phaseNames.entries()) {
          now += steps[index] ?? 0;
          clock.mark(name);
        }
        const sum = Object.values(clock.phasesMs()).reduce((total, ms) => total + ms, 0);
        expect(Math.abs(sum - clock.totalMs)).toBeLessThan(0.01);
        expect(Math.min(...Object.values(clock.phasesMs()))).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});
