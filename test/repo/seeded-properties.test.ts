import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededProperties } from '../seeded-properties.ts';

const draw = (): number[] => fc.sample(fc.nat(), 4);
const given = process.env['CLRK_TEST_SEED'];

test('a run with a seed draws the same inputs every time, one without draws new ones', () => {
  const seed = given === undefined ? undefined : Number(given);
  expect(fc.readConfigureGlobal().seed).toBe(seed);
  if (seed === undefined) expect(draw()).not.toEqual(draw());
  else expect(draw()).toEqual(draw());
});

describe('the transform', () => {
  const source = "import fc from 'fast-check';\nfc.assert(x);";

  test('touches what imports fast-check, and keeps its lines', () => {
    const changed = seededProperties('7').transform(source, 'a.test.ts');
    expect(changed?.startsWith(`${source}\n`)).toBe(true);
    expect(changed).toContain('seed: 7 }');
  });

  test.each([
    ['nothing to do with properties', '7', "import { test } from 'vitest';"],
    ['types alone', '7', "import type fc from 'fast-check';"],
    ['no seed', undefined, source],
  ])('leaves alone: %s', (_, seed, code) => {
    expect(seededProperties(seed).transform(code, 'a.test.ts')).toBeUndefined();
  });

  test('refuses what is no number: it would become code', () => {
    expect(() => seededProperties('1 }); evil(')).toThrow('CLRK_TEST_SEED must be a whole number');
  });
});
