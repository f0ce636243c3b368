/** What verifying a stranger's token may cost: which keys are taken, how many are tried, how often. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseKeySet, type VerifyingKey } from '../../contract/index.ts';
import { BearerToken, type Verifier } from '../../ingress/json-web-token.ts';

const now = Date.UTC(2026, 0, 1);
const ed = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(key: KeyObject, kid?: string, more: object = {}): string {
  const signed = `${encode({ alg: 'EdDSA', kid })}.${encode({ sub: 'a', exp: now / 1000 + 60, ...more })}`;
  return `Bearer ${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

/** A key set that notes which of its keys were tried. */
class Watched {
  readonly tried: number[] = [];
  readonly verifier: Verifier;

  constructor(keys: ReadonlyArray<{ readonly key: KeyObject; readonly kid?: string | undefined }>) {
    const watch = (
      { key, kid }: { key: KeyObject; kid?: string | undefined },
      index: number,
    ): VerifyingKey => {
      const { tried } = this;
      return {
        get key() {
          tried.push(index);
          return key;
        },
        kid,
        algorithms: ['EdDSA'],
      };
    };
    this.verifier = { jwks: 'watched', keys: keys.map(watch), issuer: undefined, audience: undefined };
  }
}

describe('a key of a key set', () => {
  const jwk = rsa.publicKey.export({ format: 'jwk' });
  const bytes = (length: number): string => Buffer.alloc(length, 0xff).toString('base64url');

  test.each<[string, object, boolean]>([
    ['as it is made', {}, true],
    ['an exponent of 32 bits', { e: bytes(4) }, true],
    ['an exponent of 33 bits', { e: Buffer.from([1, 0, 0, 0, 1]).toString('base64url') }, false],
    ['a huge exponent', { e: jwk.n }, false],
    ['4,096 bits', { n: bytes(512) }, true],
    ['a long modulus', { n: bytes(513) }, false],
  ])('%s', (_title, more, isTaken) => {
    expect(parseKeySet(JSON.stringify({ keys: [{ ...jwk, ...more }] })) !== undefined).toBe(isTaken);
  });
});

describe('a token', () => {
  const others = (kid?: string) => Array.from({ length: 15 }, () => ({ key: stranger.publicKey, kid }));

  test('is verified once, however many fields, issuers and audiences are asked of it', () => {
    const { verifier, tried } = new Watched([{ key: ed.publicKey }]);
    const bearer = new BearerToken(token(ed.privateKey));
    for (const audience of [undefined, 'x', undefined]) {
      const { kind } = bearer.read({ ...verifier, audience }, now);
      expect(kind).toBe(audience === undefined ? 'claims' : 'notVerified');
    }
    expect(tried).toEqual([0]);
  });

  test('is verified by each key set for itself', () => {
    const bearer = new BearerToken(token(ed.privateKey));
    const { verifier } = new Watched(others());
    expect(bearer.read(verifier, now).kind).toBe('notVerified');
    const right = new Watched([{ key: ed.publicKey }]).verifier;
    expect(bearer.read({ ...right, jwks: 'another' }, now).kind).toBe('claims');
  });

  test.each<[string, string | undefined, string | undefined]>([
    ['no name', undefined, undefined],
    ['no name, and the keys have some', undefined, 'one'],
    ['a name, and the keys have none', 'one', undefined],
    ['a name that all have', 'one', 'one'],
  ])('is tried by at most four keys: %s', (_title, kid, own) => {
    const { verifier, tried } = new Watched(others(own));
    expect(new BearerToken(token(ed.privateKey, kid)).read(verifier, now).kind).toBe('notVerified');
    expect(tried).toEqual([0, 1, 2, 3]);
  });

  test('is tried first by the key it names', () => {
    const { verifier, tried } = new Watched([...others(), { key: ed.publicKey, kid: 'mine' }]);
    expect(new BearerToken(token(ed.privateKey, 'mine')).read(verifier, now).kind).toBe('claims');
    expect(tried).toEqual([15]);
  });

  test.each([
    [8_000, 'claims'],
    [8_193, 'unreadable'],
  ])('of %d characters is %s: over 8 KiB it is not looked into', (length, kind) => {
    const { verifier } = new Watched([{ key: ed.publicKey }]);
    const bare = token(ed.privateKey, undefined, { pad: '' }).length;
    const pad = 'x'.repeat(Math.ceil(((length - bare) * 3) / 4));
    const text = token(ed.privateKey, undefined, { pad });
    expect(Math.abs(text.length - length)).toBeLessThan(4);
    expect(new BearerToken(text).read(verifier, now).kind).toBe(kind);
  });
});
