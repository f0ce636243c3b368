/** The writer's memory: what a burst or one large record took is not kept, and not given away with a small body. */
import { expect, test } from 'vitest';
import { ProtobufWriter } from '../../../egress/record/protobuf-writer.ts';

test('a small body has memory of its own size, whatever the writer grew to', () => {
  const writer = new ProtobufWriter();
  writer.string(0x0a, 'x'.repeat(20_000_000));
  writer.rewind(0);
  writer.string(0x0a, 'small');
  const body = writer.take();
  expect(body.toString('latin1')).toBe('\n\x05small');
  expect(body.buffer.byteLength).toBeLessThan(20_000);
});

test('texts of any script and length come out as UTF-8, with a length that is true', () => {
  for (const text of [
    '',
    'a',
    'ü'.repeat(42),
    '€'.repeat(43),
    '€'.repeat(5_461),
    '€'.repeat(5_462),
    '\ud800',
    'x'.repeat(70_000),
  ]) {
    const writer = new ProtobufWriter(64);
    writer.string(0x0a, text);
    const body = writer.take();
    let at = 1;
    let length = 0;
    for (let shift = 0; ; shift += 7, at += 1) {
      const byte = body[at] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    expect(body.subarray(at + 1).equals(Buffer.from(text))).toBe(true);
    expect(length).toBe(Buffer.byteLength(text));
  }
});
