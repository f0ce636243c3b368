/** Bodies that are not what they say: bounded in memory and time, and told as not read. */
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyInflater, type BodyCoding } from '../../../egress/record/body-inflater.ts';

function inflate(
  coding: BodyCoding,
  body: Buffer,
  step = 65_536,
): { bytes: number; largest: number; whole: boolean } {
  let bytes = 0;
  let largest = 0;
  const inflater = new BodyInflater(coding, (part) => {
    bytes += part.length;
    largest = Math.max(largest, part.length);
  });
  for (let at = 0; at < body.length; at += step) inflater.push(body.subarray(at, at + step));
  return { bytes, largest, whole: inflater.end() };
}

const zeros = Buffer.alloc(64 * 1024 * 1024);

test.each([
  ['gzip', gzipSync(zeros)],
  ['deflate', deflateRawSync(zeros)],
  ['br', brotliCompressSync(zeros)],
] as const)('S31: a bomb in %s is given up early', (coding, body) => {
  const { bytes, whole } = inflate(coding, body);
  expect(whole).toBe(false);
  expect(bytes).toBeLessThan(1024 * 1024 + 128 * body.length + 64 * 1024);
});

test('S31: what grows steadily beyond reason is given up as well, piece by piece within bounds', () => {
  const block = Buffer.concat([randomBytes(64), Buffer.alloc(40_000)]);
  const body = gzipSync(Buffer.concat(Array.from({ length: 600 }, () => block)));
  expect((600 * block.length) / body.length).toBeGreaterThan(200);
  const { bytes, whole } = inflate('gzip', body);
  expect(whole).toBe(false);
  expect(bytes).toBeLessThan(1024 * 1024 + 128 * body.length + 64 * 1024);
});

test('S31: a few bytes are not made into more than a piece may be: nothing of them is told', () => {
  // Tens of bytes that say 64 MiB: the decoder is stopped before it has made them.
  const body = brotliCompressSync(zeros);
  expect(body.length).toBeLessThan(4_096);
  const concat = Buffer.concat;
  expect(inflate('br', body)).toEqual({ bytes: 0, largest: 0, whole: false });
  expect(Buffer.concat).toBe(concat);
});

test('property: foreign bytes are no body, in any coding, and nothing throws', () => {
  const coding = fc.constantFrom<BodyCoding>('gzip', 'deflate', 'br', 'zstd');
  fc.assert(
    fc.property(
      coding,
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 100 }),
      (of, bytes, step) => {
        expect(typeof inflate(of, Buffer.from(bytes), step).whole).toBe('boolean');
        const real = gzipSync(Buffer.from(bytes));
        const at = bytes[0] ?? 0;
        real[at % real.length] = (real[at % real.length] ?? 0) ^ 0x55;
        expect(typeof inflate('gzip', real, step).whole).toBe('boolean');
      },
    ),
    { numRuns: 200 },
  );
});
