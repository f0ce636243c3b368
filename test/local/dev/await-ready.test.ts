import { expect, it } from 'vitest';
import { conditionHolds, describeConditions } from '../../../local/dev/await-ready.ts';

const ready = { type: 'Ready', status: 'True' } as const;
it.each([
  ['holds', { generation: 2 }, { observedGeneration: 2, conditions: [ready] }, true],
  ['is of an older generation', { generation: 2 }, { observedGeneration: 1, conditions: [ready] }, false],
  [
    'is false',
    { generation: 1 },
    { observedGeneration: 1, conditions: [{ ...ready, status: 'False' as const }] },
    false,
  ],
  ['is not there', { generation: 1 }, { observedGeneration: -1 }, false],
])('a condition %s', (_title, meta, status, expected) => {
  expect(conditionHolds({ metadata: { name: 'x', ...meta }, status }, 'Ready')).toBe(expected);
});

it('tells what the object says', () => {
  const status = {
    conditions: [
      { type: 'Ready', status: 'False' as const, reason: 'ImageNotFound', message: 'no such image' },
    ],
  };
  expect(describeConditions({ metadata: { name: 'x' }, status })).toBe('Ready: ImageNotFound no such image');
  expect(describeConditions(undefined)).toBe('it does not exist');
});
