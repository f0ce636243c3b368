/** What a JSON text holds is counted before it is parsed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countValues } from '../../../egress/translation/size.ts';

/** What a list or object holds, at any depth; an empty one counts as one. */
function held(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const items: unknown[] = Object.values(value);
  return Math.max(1, items.length) + items.reduce<number>((sum, item) => sum + held(item), 0);
}

test('as many as the parsed value has, whatever strings hold', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(countValues(JSON.stringify(value))).toBe(held(value));
    }),
  );
});

test.each([
  ['{"messages":[{},{},{}]}', 7],
  ['{"a":"[,{\\",["}', 1],
  ['"\\', 0],
  ['"[[', 0],
])('%s', (text, values) => {
  expect(countValues(text)).toBe(values);
});
