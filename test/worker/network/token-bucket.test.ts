import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '../../../worker/network/token-bucket.ts';

test('never gives more than its burst plus its rate, also when the clock steps back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -500, max: 2000 }), { maxLength: 200 }), (steps) => {
      let now = 10_000;
      let forward = 0;
      const bucket = new TokenBucket({ burst: 5, perSecond: 10, now: () => now });
      let taken = 0;
      for (const step of steps) {
        now += step;
        forward += Math.max(0, step);
        if (bucket.take()) taken += 1;
      }
      expect(taken).toBeLessThanOrEqual(5 + forward / 100);
    }),
  );
});
