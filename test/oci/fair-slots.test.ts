import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairSlots } from '../../oci/fair-slots.ts';

const never = new AbortController().signal;

test('one tenant with thousands of waiting pulls does not keep another from its turn', async () => {
  const slots = new FairSlots({ slots: 4, maxWaiting: 10_000 });
  const greedy = Array.from({ length: 5000 }, () => slots.take('greedy', never));
  const running = await Promise.all(greedy.slice(0, 2));
  const honest = await Promise.all([slots.take('honest', never), slots.take('third', never)]);
  expect(honest.every((slot) => slot !== undefined)).toBe(true);
  expect(running).toHaveLength(2);
});

test('the queue of a tenant is bounded, and who leaves it makes room', async () => {
  const slots = new FairSlots({ slots: 1, maxWaiting: 2 });
  const first = await slots.take('a', never);
  const leaving = new AbortController();
  const second = slots.take('a', leaving.signal);
  const third = slots.take('a', never);
  expect(await slots.take('a', never)).toBeUndefined();
  leaving.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  const fourth = slots.take('a', never);
  first?.[Symbol.dispose]();
  (await third)?.[Symbol.dispose]();
  expect(await fourth).toBeDefined();
});

test('never more than the slots, never more than a share, and everybody comes at last', async () => {
  const tenants = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), tenants, async (count, wanting) => {
      const slots = new FairSlots({ slots: count, maxWaiting: 100 });
      const running = new Map<string, number>();
      let served = 0;
      await Promise.all(
        wanting.map(async (tenant) => {
          const slot = await slots.take(tenant, never);
          running.set(tenant, (running.get(tenant) ?? 0) + 1);
          const all = [...running.values()].reduce((sum, each) => sum + each, 0);
          expect(all).toBeLessThanOrEqual(count);
          expect(running.get(tenant)).toBeLessThanOrEqual(Math.ceil(count / 2));
          await Promise.resolve();
          served++;
          running.set(tenant, (running.get(tenant) ?? 1) - 1);
          slot?.[Symbol.dispose]();
        }),
      );
      expect(served).toBe(wanting.length);
    }),
    { numRuns: 50 },
  );
});
