import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseChallenge, tokenUrl } from '../../oci/auth-challenge.ts';

test.each([
  ['Basic realm="x"', { scheme: 'basic' }],
  ['basic', { scheme: 'basic' }],
  [
    'Bearer realm="https://auth.example/token",service="reg",scope="repository:a:pull"',
    { scheme: 'bearer', realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a:pull' },
  ],
  ['Basic realm="x", Bearer realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
  ['Bearer service="x"', undefined],
  ['Digest realm="x"', undefined],
  ['', undefined],
  [`Bearer realm="${'a'.repeat(5000)}"`, undefined],
])('%s', (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});

test.each([
  ['https://auth.example/token?x=1', false, 'https://auth.example/token?x=1&service=s&scope=c'],
  ['http://auth.example/token', false, undefined],
  ['http://localhost:1234/token', true, 'http://localhost:1234/token?service=s&scope=c'],
  ['file:///etc/passwd', true, undefined],
  ['https://user:pw@auth.example/', false, undefined],
  ['not a url', true, undefined],
])('a token is asked at %s (plain http: %s)', (realm, plainHttp, url) => {
  expect(tokenUrl({ scheme: 'bearer', realm, service: 's' }, 'c', plainHttp)?.href).toBe(url);
});

test('no header makes it throw', () => {
  fc.assert(fc.property(fc.string(), (header) => void parseChallenge(`Bearer ${header}`)));
});
