/** What a status says that replicas run is their own word, and of those that take connections alone. */
import { expect, test } from 'vitest';
import { maxRunningPolicies } from '../../api/index.ts';
import { runningPolicies } from '../../operator/running-policy.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const word = (policyDigest: string | undefined, draining = false) => ({
  ...(policyDigest === undefined ? {} : { policyDigest }),
  draining,
});

test.each([
  ['nobody', [], []],
  ['counts alike', [word(digest('a')), word(digest('a'))], [{ policyDigest: digest('a'), replicas: 2 }]],
  [
    'each policy, in an order of its own',
    [word(digest('b')), word(digest('a')), word(digest('b'))],
    [
      { policyDigest: digest('a'), replicas: 1 },
      { policyDigest: digest('b'), replicas: 2 },
    ],
  ],
  ['not those that drain', [word(digest('a'), true)], []],
  ['not those that do not say', [word(undefined), word('')], []],
  ['not what is no digest', [word('sha256:x'), word(`${digest('a')}\n`), word('x'.repeat(100))], []],
])('%s', (_what, words, expected) => {
  expect(runningPolicies(words)).toEqual(expected);
});

test('no more than the status has room for', () => {
  const words = Array.from({ length: 40 }, (_, index) =>
    word(`sha256:${index.toString(16).padStart(64, '0')}`),
  );
  expect(runningPolicies(words)).toHaveLength(maxRunningPolicies);
});
