import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameTable } from '../../../egress/body/name-table.ts';

const add = (table: NameTable, name: string): string => {
  const bytes = Buffer.from(`..${name}.`);
  return table.add(bytes, 2, bytes.length - 1);
};

const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('open', 'close') },
    { weight: 4, arbitrary: fc.nat(60).map((number) => `name ${number}`) },
  ),
  { maxLength: 300, size: 'max' },
);

test('S46: property: a name is repeated exactly when its own open object has it, however many are open', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const table = new NameTable();
      const open: Array<Set<string>> = [];
      for (const step of ['open', ...all]) {
        const names = open[open.length - 1];
        if (step === 'open') {
          table.open();
          open.push(new Set());
        } else if (step === 'close') {
          if (open.length > 1) table.close();
          if (open.length > 1) open.pop();
        } else {
          expect(add(table, step)).toBe(names?.has(step) === true ? 'repeated' : 'new');
          names?.add(step);
          expect(table.members).toBe(names?.size);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('S46: 30,000 names of one object are told apart, in linear work, and no more are kept', () => {
  const table = new NameTable();
  table.open();
  for (let number = 0; number < 30_000; number += 1) expect(add(table, `n${number}`)).toBe('new');
  for (let number = 0; number < 30_000; number += 7) expect(add(table, `n${number}`)).toBe('repeated');
  // Their bytes, a few probes each, and each moved about once as the table grew.
  expect(table.work).toBeLessThan(34_286 * 6 + 30_000 * 8);
  const verdicts = Array.from({ length: 3_000 }, (_, number) => add(table, `m${number}`));
  expect(verdicts.at(-1)).toBe('crowded');
});

test('S46: names of a closed object are forgotten', () => {
  const table = new NameTable();
  table.open();
  for (let round = 0; round < 100; round += 1) {
    table.open();
    for (let number = 0; number < 1_000; number += 1) expect(add(table, `n${number}`)).toBe('new');
    table.close();
    expect(table.members).toBe(0);
  }
});
