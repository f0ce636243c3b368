/** Paths of rules: what they take, that reading them a character at a time is the same, and that no text makes them slow. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HttpPath } from '../../../contract/index.ts';
import { compilePath } from '../../../decision/index.ts';

test.each<[HttpPath['type'], string, string, boolean]>([
  ['Exact', '/a', '/a', true],
  ['Exact', '/a', '/a/', false],
  ['PathPrefix', '/', '/anything/at/all', true],
  ['PathPrefix', '/a', '/a', true],
  ['PathPrefix', '/a/', '/a', true],
  ['PathPrefix', '/a', '/ab', false],
  ['Template', '/repos/{owner}/{repo}', '/repos/acme/web', true],
  ['Template', '/repos/{owner}/{repo}', '/repos/acme/web/x', false],
  ['Template', '/repos/{owner}/{repo}', '/repos//web', false],
  ['Template', '/repos/*/issues', '/repos/x/issues', true],
  ['Template', '/repos/*/issues', '/repos/x/y/issues', false],
  ['Template', '/v{major}.{minor}/x', '/v1.22/x', true],
  ['Template', '/a-*', '/a-', true],
  ['Template', '/a/**/z', '/a/b/c/z', true],
  ['Template', '/a/**/z', '/a/z', false],
  ['Template', '/**', '/x', true],
  ['Template', '/**', '/', false],
  ['RegularExpression', '/v[0-9]+', '/v10', true],
  ['RegularExpression', '/v[0-9]+', '/v10/x', false],
  ['RegularExpression', '/a|/b', '/b', true],
  ['RegularExpression', '(?i)/a', '/A', true],
  ['RegularExpression', '/ab?', '/a', true],
])('%s %s and %s: %s', (type, value, path, expected) => {
  expect(compilePath({ type, value }).takes(path)).toBe(expected);
});

const segment = fc.constantFrom('a', 'ab', 'A', '*', '{x}', 'a*', '*b*', 'a{x}b', '**');
const pattern: fc.Arbitrary<HttpPath> = fc.oneof(
  fc
    .array(segment, { minLength: 1, maxLength: 4 })
    .map((parts): HttpPath => ({ type: 'Template', value: `/${parts.join('/')}` })),
  fc.constantFrom<HttpPath>(
    { type: 'PathPrefix', value: '/a/b' },
    { type: 'PathPrefix', value: '/' },
    { type: 'Exact', value: '/A/b/' },
    { type: 'RegularExpression', value: '/a+(?:/b)?|/(?i)ab' },
  ),
);
const path = fc
  .array(fc.constantFrom('a', 'b', 'A', '/', 'ab', '-'), { maxLength: 8 })
  .map((parts) => `/${parts.join('')}`);

test('a path is read at once as it is a character at a time', () => {
  fc.assert(
    fc.property(pattern, path, (written, text) => {
      const compiled = compilePath(written);
      const { exact, loose } = compiled;
      if (exact === undefined || loose === undefined) throw new Error('it can be read');
      const read = (reader: typeof exact, from: string): boolean =>
        Array.from(from).reduce((scan, character) => scan.step(character), reader.scan()).taken;
      expect(compiled.takes(text)).toBe(read(exact, text));
      expect(loose.test(text.toLowerCase())).toBe(read(loose, text.toLowerCase()));
      // Whoever takes a path to allow it takes it to deny it.
      if (compiled.takes(text)) expect(compiled.mayTake(text)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.each<HttpPath>([
  { type: 'RegularExpression', value: '/(a*)*(a*)*(a*)*b' },
  { type: 'RegularExpression', value: '/(a|aa)+' },
  { type: 'Template', value: '/**/*a*a*a*a/**/*a*a*a*b/**' },
])('S34: no path makes $value slow', (written) => {
  const compiled = compilePath(written);
  const started = process.cpuUsage();
  compiled.takes(`/${'a'.repeat(8_000)}/${'a/'.repeat(2_000)}`);
  // Exponential or cubic would be minutes.
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(10_000);
});
