import { expect, test } from 'vitest';
import { readTokenAnswer } from '../../../egress/token/token-answer.ts';

const read = (status: number, body: string | object) =>
  readTokenAnswer(status, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const good = { access_token: 'abc', token_type: 'Bearer', expires_in: 60 };

test.each([
  ['as RFC 6749 writes it', good, { lifeMs: 60_000, refreshToken: undefined }],
  ['with a type in small letters', { ...good, token_type: 'bearer' }, { lifeMs: 60_000 }],
  ['without a type', { access_token: 'abc', expires_in: 60 }, { lifeMs: 60_000 }],
  ['that lives for a text', { ...good, expires_in: '90' }, { lifeMs: 90_000 }],
  ['that does not say how long it lives', { access_token: 'abc', token_type: 'Bearer' }, { lifeMs: 300_000 }],
  ['with another refresh token', { ...good, refresh_token: 'next' }, { refreshToken: 'next' }],
  ['with a refresh token of nonsense', { ...good, refresh_token: 'a b' }, { refreshToken: undefined }],
])('a token %s is one', (_title, body, expected) => {
  expect(read(200, body)).toMatchObject({ kind: 'given', token: 'abc', ...expected });
});

test.each([
  ['text', 'abc'],
  ['half of an object', '{"access_token":"abc"'],
  ['a list', '[{"access_token":"abc"}]'],
  ['a token beyond ASCII', '{"access_token":"\u00ff"}'],
  ['null', 'null'],
  ['no token', { token_type: 'Bearer' }],
  ['an empty token', { ...good, access_token: '' }],
  ['a token that would end a field', { ...good, access_token: 'a\r\nX: b' }],
  ['a token with a blank', { ...good, access_token: 'a b' }],
  ['a token of any length', { ...good, access_token: 'a'.repeat(16_385) }],
  ['a token of another type', { ...good, token_type: 'mac' }],
  ['a life of nothing', { ...good, expires_in: 0 }],
  ['a life that was', { ...good, expires_in: -5 }],
  ['a life in words', { ...good, expires_in: 'soon' }],
  ['a life without end', { ...good, expires_in: 1e308 }],
])('%s is no token', (_title, body) => {
  expect(read(200, body)).toMatchObject({ kind: 'fault', fault: { code: 'Malformed' } });
});

test.each([
  [400, { error: 'invalid_grant', error_description: 'sk-secret' }, ' invalid_grant'],
  [401, { error: 'invalid_client' }, ' invalid_client'],
  [400, { error: 'sk-secret-of-the-server' }, ''],
  [302, '', ''],
  [201, good, ''],
  [500, '<html>sk-secret</html>', ''],
])('of an answer of %i only what everybody knows is told', (status, body, said) => {
  expect(read(status, body)).toEqual({
    kind: 'fault',
    fault: { code: 'Refused', message: `the token endpoint answered ${status}${said}` },
  });
});
