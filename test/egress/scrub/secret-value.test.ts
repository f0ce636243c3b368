import { expect, test } from 'vitest';
import { computeSecrets } from '../../../egress/scrub/secret-value.ts';

const texts = (...values: string[]): string[] =>
  computeSecrets(values).map((bytes) => bytes.toString('latin1'));
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

test.each([
  ['a bare key', ['sk-12345678'], ['sk-12345678']],
  ['what follows a scheme, whatever its case', ['bearer sk-12345678'], ['sk-12345678']],
  [
    'both where the first word is no scheme we know',
    ['correct horse battery'],
    ['correct horse battery', 'horse battery'],
  ],
  ['the whole where the key alone is too short to be told from text', ['Bearer hunter7'], ['Bearer hunter7']],
  ['nothing shorter than eight characters', ['hunter7'], []],
  ['a value twice, once', ['sk-12345678', 'Bearer sk-12345678'], ['sk-12345678']],
  [
    'either half of Basic',
    [basic('user-name:correct-horse')],
    [basic('user-name:correct-horse').slice(6), 'user-name', 'correct-horse'],
  ],
  ['a password with colons', [basic('bot:a:b:c:d:e')], [basic('bot:a:b:c:d:e').slice(6), 'a:b:c:d:e']],
  [
    'the pair where both halves are short',
    [basic('bot:hunter7')],
    [basic('bot:hunter7').slice(6), 'bot:hunter7'],
  ],
  [
    'each cookie, as well as all of them',
    ['session=abcdefgh; id="12345678"; a=b'],
    ['session=abcdefgh; id="12345678"; a=b', 'id="12345678"; a=b', 'abcdefgh', '12345678'],
  ],
  ['a parameter of a scheme', ['Token token=abcdefgh'], ['token=abcdefgh', 'abcdefgh']],
  ['Basic that is no Base64, as it is', ['Basic not*base64*at*all'], ['not*base64*at*all']],
])('S37: of the injected values, secret is %s', (_name, values, secrets) => {
  expect(texts(...values)).toEqual(secrets);
});

test('S37: a value beyond ASCII is looked for as Latin-1 and as UTF-8', () => {
  expect(computeSecrets(['schl\u00fcssel-1'])).toEqual([
    Buffer.from('schl\u00fcssel-1', 'latin1'),
    Buffer.from('schl\u00fcssel-1', 'utf8'),
  ]);
  expect(computeSecrets(['\u043a\u043b\u044e\u0447-1234'])).toEqual([
    Buffer.from('\u043a\u043b\u044e\u0447-1234', 'utf8'),
  ]);
});
