import { expect, test } from 'vitest';
import { compileGlob } from '../../decision/index.ts';

const matchesGlob = (glob: string, text: string): boolean => compileGlob(glob)?.test(text) === true;

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

test('an evil text costs time in proportion to its length', () => {
  const seconds = (length: number): number => {
    const before = process.cpuUsage();
    for (let round = 0; round < 20; round += 1) matchesGlob('*a*a*a*a*a*a*a*b', 'a'.repeat(length));
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  seconds(5_000);
  // Eight times the text: eight times the work, where quadratic would be sixty-four times.
  expect(seconds(80_000)).toBeLessThan(24 * seconds(10_000) + 20_000);
});
