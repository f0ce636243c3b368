import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkReaderToken,
  maxReaderTokenMs,
  mayReadNamespace,
  mintOtlpToken,
  mintReaderToken,
} from '../../contract/index.ts';

const nowMs = 1_795_000_000_000;
const expiresMs = nowMs + 60_000;
const check = (token: string, secret = 'secret', atMs = nowMs) => checkReaderToken(secret, token, atMs);

describe('a reader token', () => {
  const token = mintReaderToken('secret', { namespaces: ['team-a', 'team-b'], expiresMs });

  test('reads its namespaces until it expires, and no others', () => {
    const claims = check(token);
    expect(claims).toEqual({ namespaces: ['team-a', 'team-b'], expiresMs });
    const may = (namespace: string) => claims !== undefined && mayReadNamespace(claims, namespace);
    expect([may('team-a'), may('team-b'), may('team-c'), may('team-'), may('team-a2'), may('')]).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(check(token, 'secret', expiresMs)).toBeUndefined();
  });

  test('of all namespaces reads each', () => {
    const claims = check(mintReaderToken('secret', { namespaces: 'all', expiresMs }));
    expect(claims !== undefined && mayReadNamespace(claims, 'any')).toBe(true);
  });

  test.each([
    ['another secret', check(token, 'other')],
    ['no secret', check(mintReaderToken('', { namespaces: 'all', expiresMs }), '')],
    ['the secret itself', check('secret')],
    [
      'for longer than may be',
      check(mintReaderToken('secret', { namespaces: 'all', expiresMs: nowMs + maxReaderTokenMs + 1 })),
    ],
    ['a token of a sender', check(mintOtlpToken(Buffer.from('secret'), { role: 'ingress' }))],
    ['nothing', check('')],
  ])('is none: %s', (_name, claims) => expect(claims).toBeUndefined());

  test('changed anywhere is none', () => {
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.stringMatching(/^[A-Za-z0-9_.-]$/), (at, char) => {
        const changed = token.slice(0, at) + char + token.slice(at + 1);
        const claims = check(changed);
        // The last character of a base64url text has bits that mean nothing.
        if (changed === token || at === token.length - 1) return;
        expect(claims).toBeUndefined();
      }),
    );
  });
});
