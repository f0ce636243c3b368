/** Messages are the same however their frames are cut, in bytes and in fragments. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../egress/socket/frame-reader.ts';
import { writeText } from '../../../egress/socket/frame-writer.ts';

interface Piece {
  readonly payload: Buffer;
  readonly first: number;
}

function render({ payload, first }: Piece, mask: Buffer | undefined): Buffer {
  const frame = writeText([payload], mask);
  frame[0] = first;
  return frame;
}

function read(chunks: readonly Buffer[]): { told: string[]; ends: number[]; isBetween: boolean } {
  const told: string[] = [];
  const ends: number[] = [];
  let base = 0;
  let message = '';
  const reader = new FrameReader({
    control: (frame) => told.push(`control ${frame.toString('hex')}`),
    start: (isText) => {
      message = isText ? 'text ' : 'binary ';
    },
    data: (bytes) => {
      message += bytes.toString('hex');
    },
    end: (at) => {
      told.push(message);
      ends.push(base + at);
    },
  });
  for (const chunk of chunks) {
    reader.push(chunk);
    base += chunk.length;
  }
  return { told, ends, isBetween: reader.isBetween };
}

const payload = fc
  .oneof(fc.nat(130), fc.constantFrom(0, 125, 126, 65_535, 65_536))
  .map((length) => Buffer.alloc(length, length & 0xff));
const message = fc.record({
  isText: fc.boolean(),
  fragments: fc.array(payload, { minLength: 1, maxLength: 3 }),
  pings: fc.boolean(),
});

test.each([true, false])('masked: %s', (isMasked) => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(200_000)), (messages, cuts) => {
      const mask = isMasked ? Buffer.from([7, 0, 255, 31]) : undefined;
      const expected: string[] = [];
      const ends: number[] = [];
      const frames: Buffer[] = [];
      for (const { isText, fragments, pings } of messages) {
        fragments.forEach((part, index) => {
          const opcode = index > 0 ? 0 : isText ? 1 : 2;
          const isFinal = index === fragments.length - 1;
          frames.push(render({ payload: part, first: opcode | (isFinal ? 0x80 : 0) }, mask));
          if (!pings || isFinal) return;
          const ping = render({ payload: Buffer.from('p'), first: 0x89 }, mask);
          frames.push(ping);
          expected.push(`control ${ping.toString('hex')}`);
        });
        ends.push(Buffer.concat(frames).length);
        expected.push(`${isText ? 'text' : 'binary'} ${Buffer.concat(fragments).toString('hex')}`);
      }
      const all = Buffer.concat(frames);
      const at = [...new Set(cuts.map((cut) => cut % (all.length + 1)))].sort((one, other) => one - other);
      const chunks = [0, ...at].map((start, index) => all.subarray(start, at[index] ?? all.length));
      expect(read(chunks)).toEqual({ told: expected, ends, isBetween: true });
    }),
    { numRuns: 60 },
  );
});

test('every byte by itself', () => {
  const all = Buffer.concat([
    render({ payload: Buffer.alloc(300, 1), first: 0x01 }, Buffer.from([1, 2, 3, 4])),
    render({ payload: Buffer.from('x'), first: 0x80 }, Buffer.from([5, 6, 7, 8])),
  ]);
  const single = Array.from(all, (byte) => Buffer.from([byte]));
  expect(read(single)).toEqual(read([all]));
  expect(read(single.slice(0, -1)).isBetween).toBe(false);
});
