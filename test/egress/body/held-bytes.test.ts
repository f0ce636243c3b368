import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldBytes, heldLimits } from '../../../egress/body/index.ts';

const mebibyte = 1024 * 1024;

test('S54: one agent that holds all it can get leaves the others what they need', () => {
  const held = new HeldBytes();
  let got = 0;
  for (let count = 0; count < 8; count += 1) if (held.take('greedy', 32 * mebibyte)) got += 1;
  expect(got).toBe(3);
  expect(held.take('victim', 32 * mebibyte)).toBe(true);
  for (let count = 0; count < 60; count += 1) expect(held.take(`small-${count}`, mebibyte)).toBe(true);
});

test('S54: what was given back can be taken again, by anybody', () => {
  const held = new HeldBytes({ total: 100, guaranteed: 10, agents: 2 });
  expect(held.take('a', 50)).toBe(true);
  expect(held.take('a', 1)).toBe(false);
  held.give('a', 50);
  expect(held.held).toBe(0);
  expect(held.take('b', 50)).toBe(true);
});

test('S54: agents beyond those that are guaranteed a share find what is free of the rest', () => {
  const held = new HeldBytes({ total: 100, guaranteed: 10, agents: 2 });
  expect(held.take('a', 10) && held.take('b', 10)).toBe(true);
  expect(held.take('c', 40)).toBe(true);
  expect(held.take('d', 21)).toBe(false);
  expect(held.take('d', 20)).toBe(true);
  // The share of one that left is free for the next.
  held.give('a', 10);
  expect(held.take('e', 10)).toBe(true);
});

const steps = fc.array(
  fc.record({
    agent: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    bytes: fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 10, 100)),
    gives: fc.boolean(),
  }),
  { maxLength: 60 },
);

test('S54: property: never more than the total, and never less for one than what it is guaranteed', () => {
  const limits = { total: 200, guaranteed: 20, agents: 5 };
  fc.assert(
    fc.property(steps, (all) => {
      const held = new HeldBytes(limits);
      const own = new Map<string, number>();
      for (const { agent, bytes, gives } of all) {
        const before = own.get(agent) ?? 0;
        if (gives) held.give(agent, bytes);
        const taken = !gives && held.take(agent, bytes);
        own.set(agent, gives ? Math.max(0, before - bytes) : taken ? before + bytes : before);
        const sum = [...own.values()].reduce((total, each) => total + each, 0);
        expect(held.held).toBe(sum);
        expect(sum).toBeLessThanOrEqual(limits.total);
        if (!gives && before + bytes <= limits.guaranteed) expect(taken).toBe(true);
        // Above it: at most what is then left of the rest, so that one alone has half.
        const above = before + bytes - limits.guaranteed;
        if (taken && above > 0) expect(above).toBeLessThanOrEqual((limits.total - 5 * 20) / 2);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the limits in force: a body of 32 MiB fits, and all guarantees fit the total', () => {
  const { total, guaranteed, agents } = heldLimits;
  expect(guaranteed * agents).toBeLessThan(total);
  expect(new HeldBytes().take('a', 32 * mebibyte)).toBe(true);
});
