/** What is kept of bytes in pieces: all of them, in few pieces. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkList } from '../../egress/chunk-list.ts';

test('property: whatever the pieces, the bytes are those that came, in order', () => {
  const pieces = fc.array(fc.oneof(fc.constant(1), fc.nat(5_000), fc.constant(0)), {
    maxLength: 400,
    size: 'max',
  });
  fc.assert(
    fc.property(pieces, (lengths) => {
      const list = new ChunkList();
      const all = lengths.map((length, index) => Buffer.alloc(length, index));
      for (const bytes of all) list.push(bytes);
      const whole = Buffer.concat(all);
      expect(list.length).toBe(whole.length);
      expect(Buffer.concat(list.chunks).equals(whole)).toBe(true);
    }),
  );
});

test('S29: a million single bytes are kept in hundreds of pieces, not in a million', () => {
  const list = new ChunkList();
  const read = Buffer.alloc(1024, 'x');
  for (let at = 0; at < 1024 * 1024; at += 1) list.push(read.subarray(at % 1024, (at % 1024) + 1));
  expect(list.length).toBe(1024 * 1024);
  expect(list.chunks.length).toBeLessThan(500);
});
