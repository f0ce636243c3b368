/** When people are told of a budget. */
import { expect, test } from 'vitest';
import { reachedThresholds } from '../../decision/index.ts';

test.each<[string, number, boolean, number[]]>([
  ['nothing used', 0, false, []],
  ['just below', 799, false, [50]],
  ['at one', 800, false, [50, 80]],
  ['nearly all, and calls still go', 990, false, [50, 80]],
  ['all of it', 1_000, false, [50, 80, 100]],
  ['more than all of it', 1_700, false, [50, 80, 100]],
  ['a call refused for the last of it', 950, true, [50, 80, 100]],
  ['a call refused because it is large', 700, true, [50]],
])('%s', (_title, used, refused, reached) => {
  expect(reachedThresholds([50, 80, 100], { used, cap: 1_000, refused })).toEqual(reached);
});
