import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { nkeys } from 'nats';
import { expect, test } from 'vitest';
import { nkeyOf } from '../../pki/nkey.ts';

test('keys are those that NATS’s own library makes of the same seed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (raw) => {
      for (const kind of ['operator', 'account', 'user'] as const) {
        const ours = nkeyOf(kind, raw);
        const theirs = nkeys.fromSeed(Buffer.from(ours.seed));
        expect(theirs.getPublicKey()).toBe(ours.publicKey);
        expect(theirs.verify(Buffer.from('text'), ours.sign('text'))).toBe(true);
      }
    }),
    { numRuns: 20 },
  );
});

test('anything but 32 bytes is no key', () => {
  for (const size of [0, 31, 33]) expect(() => nkeyOf('user', randomBytes(size))).toThrow(RangeError);
});
