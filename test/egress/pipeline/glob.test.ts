import { expect, test } from 'vitest';
import { matchesGlob } from '../../../egress/pipeline/glob.ts';

test.each([
  ['gpt-4o*', 'gpt-4o-mini', true],
  ['gpt-4o*', 'gpt-4', false],
  ['*', '', true],
  ['gpt-?', 'gpt-4', true],
  ['gpt-[34]', 'gpt-4', true],
  ['gpt-[^34]', 'gpt-4', false],
  ['claude-[a-z]*-4', 'claude-sonnet-4', true],
  ['/v1/*/completions', '/v1/chat/completions', true],
  ['/v1/chat', '/v1/chatX', false],
  ['gpt.4', 'gpt-4', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['broken[', 'broken[', false],
])('%s on %s: %s', (glob, text, expected) => {
  expect(matchesGlob(glob, text)).toBe(expected);
});

test('an evil text costs no exponential time', () => {
  const start = performance.now();
  expect(matchesGlob('*a*a*a*a*a*a*a*b', 'a'.repeat(5_000))).toBe(false);
  expect(performance.now() - start).toBeLessThan(500);
});
