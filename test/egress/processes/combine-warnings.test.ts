/** What a pod of several processes says of the thresholds they know. */
import { expect, it } from 'vitest';
import { maxWarnings, type BudgetWarning } from '../../../contract/index.ts';
import { combineWarnings } from '../../../egress/processes/combine-warnings.ts';

const warning = (account: string): BudgetWarning =>
  ({ account, unit: 'tokens', day: '2026-11-28', percent: 80, cap: 100 }) as unknown as BudgetWarning;

it('a threshold that several processes know is told once, and what one of them knows is told', () => {
  expect(combineWarnings([[warning('a'), warning('b')], [], [warning('b'), warning('c')]])).toEqual([
    warning('a'),
    warning('b'),
    warning('c'),
  ]);
});

it('so many are told as one process may tell', () => {
  const many = Array.from({ length: maxWarnings }, (_, index) => warning(`a${index}`));
  expect(combineWarnings([many, [warning('x')]])).toHaveLength(maxWarnings);
});
