import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Utf8Check } from '../../../egress/body/utf8-check.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Index of the chunk at which it is known to be wrong; the number of chunks: never, but it is not whole; -1: right. */
function checked(chunks: readonly Buffer[]): number {
  const check = new Utf8Check();
  const wrong = chunks.findIndex((chunk) => !check.push(chunk));
  if (wrong >= 0) return wrong;
  return check.complete ? -1 : chunks.length;
}

function decoded(bytes: Buffer): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const pieces = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom(0x22, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff)
    .map((byte) => Buffer.of(byte)),
);

test('property: chunks of any size are judged as TextDecoder judges the whole', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 6 }), (parts, places) => {
      const bytes = Buffer.concat(parts);
      const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
      const chunks = [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index]));
      expect(checked(chunks) === -1).toBe(decoded(bytes));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  [[0xff], [0x22]],
  [[0xf0], [0x22]],
  [
    [0xf0, 0x9f],
    [0x22, 0x22],
  ],
  [[0xe2], [0x82, 0x22]],
  [[0xc2], [0x22]],
])('S46: a quote in the middle of a character (%j, %j) is seen when it comes, not later', (first, second) => {
  expect(checked([Buffer.from(first), Buffer.from(second)])).toBeLessThan(2);
});
