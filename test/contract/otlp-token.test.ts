import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOtlpToken, mintOtlpToken } from '../../contract/index.ts';

const key = Buffer.alloc(32, 1);
const pool = { role: 'worker', namespace: 'team-a', name: 'main', uid: 'u-1' } as const;

test('S57: a token says whom it speaks for, and only its key says so', () => {
  const token = mintOtlpToken(key, pool);
  expect(checkOtlpToken(key, token)).toEqual({ role: 'worker', namespace: 'team-a', name: 'main' });
  expect(checkOtlpToken(Buffer.alloc(32, 2), token)).toBeUndefined();
  expect(checkOtlpToken(key, mintOtlpToken(key, { role: 'ingress' }))).toEqual({ role: 'ingress' });
  expect(mintOtlpToken(key, { ...pool, uid: 'u-2' })).not.toBe(token);
});

test('S57: another name under the same signature is refused', () => {
  const [version = '', , mac = ''] = mintOtlpToken(key, pool).split('.');
  for (const who of [['ingress'], ['worker', 'team-b', 'main', 'u-1']]) {
    const body = Buffer.from(JSON.stringify(who)).toString('base64url');
    expect(checkOtlpToken(key, `${version}.${body}.${mac}`)).toBeUndefined();
  }
});

test('S46: whatever comes in is answered, never thrown', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      expect(checkOtlpToken(key, text)).toBeUndefined();
      expect(checkOtlpToken(key, `clrk1.${text}.${randomBytes(32).toString('base64url')}`)).toBeUndefined();
    }),
  );
});
