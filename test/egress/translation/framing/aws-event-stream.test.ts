/** AWS event streams: messages as Bedrock sends them, split and cut at every byte, and with every byte made wrong. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WireEvent } from '../../../../egress/translation/codec.ts';
import { AwsEventReader, AwsEventWriter } from '../../../../egress/translation/framing/aws-event-stream.ts';
import { encodeHeaders, readHeaders } from '../../../../egress/translation/framing/aws-headers.ts';
import { crc32, tableCrc32 } from '../../../../egress/translation/framing/crc32.ts';
import { byteByByte, cutAt, readIn } from './split.ts';

const events: WireEvent[] = [
  { name: 'messageStart', data: { role: 'assistant' } },
  { name: 'contentBlockDelta', data: { contentBlockIndex: 0, delta: { text: 'Grüße 👋' }, p: 'abcdefgh' } },
  { name: 'contentBlockStop', data: { contentBlockIndex: 0 } },
  { name: 'messageStop', data: { stopReason: 'end_turn' } },
  {
    name: 'metadata',
    data: { usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 }, metrics: { latencyMs: 9 } },
  },
];

function write(list: readonly WireEvent[]): Buffer {
  const writer = new AwsEventWriter();
  return Buffer.concat([...list.map((event) => writer.write(event)), writer.end()]);
}

/** A message with headers and payload of one's own, its sums right. */
function message(headers: Buffer, payload: string): Buffer {
  const bytes = Buffer.alloc(16 + headers.length + Buffer.byteLength(payload));
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(headers.length, 4);
  bytes.writeUInt32BE(tableCrc32(bytes.subarray(0, 8)), 8);
  headers.copy(bytes, 12);
  bytes.write(payload, 12 + headers.length);
  bytes.writeUInt32BE(tableCrc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

describe('a stream', () => {
  const bytes = write(events);

  test('is read as it was written, in one piece and byte by byte', () => {
    const whole = { events, end: 'whole' };
    expect(readIn(new AwsEventReader(), [bytes])).toEqual(whole);
    expect(readIn(new AwsEventReader(), byteByByte(bytes))).toEqual(whole);
  });

  test('split anywhere says the same', () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(readIn(new AwsEventReader(), cutAt(bytes, [at])).events).toEqual(events);
    }
  });

  test('that ends anywhere but between messages was cut', () => {
    const ends = new Set([0]);
    for (const event of events) ends.add([...ends].at(-1)! + write([event]).length);
    for (let length = 0; length <= bytes.length; length += 1) {
      const { end } = readIn(new AwsEventReader(), [bytes.subarray(0, length)]);
      expect([length, end]).toEqual([length, ends.has(length) ? 'whole' : 'cut']);
    }
  });

  test('with any one byte wrong is broken there, and nothing from there on is believed', () => {
    const [first = events[0]] = events;
    const one = write([first!]);
    for (let at = 0; at < one.length; at += 1) {
      const bad = Buffer.concat([one, write(events)]);
      bad[at]! ^= 0x01;
      const reader = new AwsEventReader();
      expect([at, reader.push(bad), reader.end()]).toEqual([at, [], 'broken']);
      expect(reader.push(one)).toEqual([]);
    }
  });
});

test('exceptions and errors in the middle of a stream', () => {
  const exception = { name: 'throttlingException', data: { message: 'Too many tokens' } };
  expect(write([exception]).toString('latin1')).toContain(':exception-type');
  expect(readIn(new AwsEventReader(), [write([exception])]).events).toEqual([exception]);
  const error = encodeHeaders([
    [':message-type', 'error'],
    [':error-code', 'InternalFailure'],
    [':error-message', 'Something broke'],
  ]);
  expect(readIn(new AwsEventReader(), [message(error, '')]).events).toEqual([
    { name: 'error', data: { code: 'InternalFailure', message: 'Something broke' } },
  ]);
});

test.each([
  ['no kind of message', encodeHeaders([[':event-type', 'metadata']]), '{}'],
  ['no name', encodeHeaders([[':message-type', 'event']]), '{}'],
  [
    'a payload that is no JSON',
    encodeHeaders([
      [':message-type', 'event'],
      [':event-type', 'x'],
    ]),
    '{',
  ],
  [
    'a payload that is no object',
    encodeHeaders([
      [':message-type', 'event'],
      [':event-type', 'x'],
    ]),
    '[1]',
  ],
  ['headers that are cut', encodeHeaders([[':message-type', 'event']]).subarray(0, -2), '{}'],
])('a message with %s breaks the stream', (_, headers, payload) => {
  expect(readIn(new AwsEventReader(), [message(headers, payload)])).toEqual({ events: [], end: 'broken' });
});

test('a length beyond what AWS allows is not waited for', () => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(0x7fff_ffff, 0);
  bytes.writeUInt32BE(tableCrc32(bytes.subarray(0, 8)), 8);
  expect(readIn(new AwsEventReader(), [bytes]).end).toBe('broken');
});

test('headers of every type are passed over to the texts behind them', () => {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const others = [
    [...name('a'), 0],
    [...name('b'), 1],
    [...name('c'), 2, 1],
    [...name('d'), 3, 1, 2],
    [...name('e'), 4, 1, 2, 3, 4],
    [...name('f'), 5, 1, 2, 3, 4, 5, 6, 7, 8],
    [...name('g'), 6, 0, 2, 1, 2],
    [...name('h'), 8, 1, 2, 3, 4, 5, 6, 7, 8],
    [...name('i'), 9, ...Array.from({ length: 16 }, () => 0)],
  ].flat();
  const bytes = Buffer.concat([Buffer.from(others), encodeHeaders([[':event-type', 'metadata']])]);
  expect([...(readHeaders(bytes) ?? [])]).toEqual([[':event-type', 'metadata']]);
  expect(readHeaders(Buffer.from([...name('j'), 10]))).toBeUndefined();
});

test('the sums are those of the standard, by table and by the runtime', () => {
  expect(tableCrc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, two) => {
      const all = Buffer.concat([one, two]);
      const sum = tableCrc32(Buffer.from(two), tableCrc32(Buffer.from(one)));
      expect([sum, crc32(all)]).toEqual([tableCrc32(all), tableCrc32(all)]);
    }),
  );
});

test('whatever comes, it does not throw, and pieces make no difference', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(write(events)));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat()), fc.nat(), fc.nat(255), (list, places, at, value) => {
      const buffer = Buffer.from(list);
      if (buffer.length > 0) buffer[at % buffer.length] = value;
      const inOne = readIn(new AwsEventReader(), [buffer]);
      expect(readIn(new AwsEventReader(), cutAt(buffer, places))).toEqual(inOne);
    }),
  );
});
