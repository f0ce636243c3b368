/** How many second tries an agent has. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeCall, computeRetry, newAllowance } from '../../decision/index.ts';

test('property: never more than a fifth of the calls, two a second and the first twenty', () => {
  const step = fc.record({ ms: fc.nat(2_000), retries: fc.nat(10) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let allowance = newAllowance(0);
      let now = 0;
      let retried = 0;
      for (const [index, { ms, retries }] of steps.entries()) {
        now += ms;
        allowance = computeCall(allowance, now);
        for (let count = 0; count < retries; count += 1) {
          const next = computeRetry(allowance, now);
          if (next === undefined) break;
          allowance = next;
          retried += 1;
        }
        expect(retried).toBeLessThanOrEqual(20 + (index + 1) / 5 + (2 * now) / 1_000 + 1e-6);
      }
    }),
  );
});

test('a clock that goes back gives nothing and takes nothing', () => {
  const spent = Array.from({ length: 20 }).reduce<ReturnType<typeof newAllowance>>(
    (allowance) => computeRetry(allowance, 10_000) ?? allowance,
    newAllowance(10_000),
  );
  expect(computeRetry(spent, 0)).toBeUndefined();
  expect(computeRetry(spent, 10_500)).toBeDefined();
});
