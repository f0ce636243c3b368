/** What a person is shown of what an agent wrote: nothing invisible, and nothing left out in silence. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSecretName, showText } from '../../decision/index.ts';

test.each([
  ['short', 'abc', 5, { text: 'abc', cut: false }],
  ['as long as fits', 'abcde', 5, { text: 'abcde', cut: false }],
  ['longer', 'abcdef', 5, { text: 'abcde', cut: true }],
  ['turned round', 'a\u202eb', 20, { text: 'a\\u{202e}b', cut: false }],
  ['longer once nothing in it is invisible', 'a\u200bb', 5, { text: 'a\\u{2', cut: true }],
  ['a tag character', '\u{e0041}', 20, { text: '\\u{e0041}', cut: false }],
])('%s', (_, text, max, expected) => {
  expect(showText(text, max)).toEqual(expected);
});

test('property: whatever is not shown is told as cut, and nothing shown is invisible', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (text, max) => {
        const shown = showText(text, max);
        expect(shown.text.length).toBeLessThanOrEqual(max);
        expect(/[\p{Cf}\p{Zl}\p{Zp}]/u.test(shown.text)).toBe(false);
        const whole = showText(text, 10_000).text;
        expect(shown.cut).toBe(whole.length > max || text.length > max);
      },
    ),
  );
});

test.each([
  ...['token', 'access_tokens', 'X-Api-Key', 'apikey', 'password', 'passwd', 'client_secret', 'jwt', 'sign'],
  ...['signature', 'x-sig', 'credentials', 'Authorization', 'cookie', 'private_key', 'privateKey'],
])('%s is the name of a secret', (name) => {
  expect(isSecretName(name)).toBe(true);
});

test.each(['path', 'design', 'assign', 'name', 'query', 'signal', 'model', 'pass'])('%s is not', (name) => {
  expect(isSecretName(name)).toBe(false);
});
