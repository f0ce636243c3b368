/** JSON lists as streams: what Google sends without alt=sse, against JSON.parse, split and cut at every byte. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonArrayReader, JsonArrayWriter } from '../../../../egress/translation/framing/json-array.ts';
import { byteByByte, cutAt, readIn } from './split.ts';

/** As the Gemini API writes it. */
const google = `[{
  "candidates": [
    {
      "content": { "parts": [{ "text": "Braces } ] \\" and \\\\" }], "role": "model" }
    }
  ]
}
,
{
  "candidates": [{ "content": { "parts": [{ "text": "ü👋" }] }, "finishReason": "STOP" }],
  "usageMetadata": { "promptTokenCount": 4 }
}
]`;

function eventsOf(text: string): unknown[] {
  return (JSON.parse(text) as unknown[]).map((data) => ({ name: undefined, data }));
}

test('a pretty-printed list is read, split anywhere', () => {
  const bytes = Buffer.from(google);
  const whole = { events: eventsOf(google), end: 'whole' };
  expect(readIn(new JsonArrayReader(), byteByByte(bytes))).toEqual(whole);
  for (let at = 0; at <= bytes.length; at += 1) {
    expect(readIn(new JsonArrayReader(), cutAt(bytes, [at]))).toEqual(whole);
  }
});

test('an object is told as soon as its brace has come, not when the next one begins', () => {
  const reader = new JsonArrayReader();
  expect(reader.push(Buffer.from('[{"a":1'))).toEqual([]);
  expect(reader.push(Buffer.from('}'))).toEqual([{ name: undefined, data: { a: 1 } }]);
});

test('a list that ends before its bracket was cut', () => {
  const bytes = Buffer.from(google);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(readIn(new JsonArrayReader(), [bytes.subarray(0, length)]).end).toBe('cut');
  }
});

test.each([
  ['[]', 0, 'whole'],
  ['{"error":{"code":400}}', 1, 'whole'],
  [' [ {} , {} ] ', 2, 'whole'],
  ['[{},]', 1, 'broken'],
  ['[{}{}]', 1, 'broken'],
  ['[,{}]', 0, 'broken'],
  ['[1]', 0, 'broken'],
  ['[[{}]]', 0, 'broken'],
  ['[{}] {}', 1, 'broken'],
  ['{} {}', 1, 'broken'],
  ['[{"a":}]', 0, 'broken'],
  ['[{]', 0, 'broken'],
  ['[{', 0, 'cut'],
  ['data: {}', 0, 'broken'],
])('%s has %i events and is %s', (text, count, end) => {
  const read = readIn(new JsonArrayReader(), [Buffer.from(text)]);
  expect([read.events.length, read.end]).toEqual([count, end]);
});

test('what the writer wrote is read back, in any pieces; without its end it was cut', () => {
  const list = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 6 });
  fc.assert(
    fc.property(list, fc.array(fc.nat()), (objects, places) => {
      const writer = new JsonArrayWriter();
      const body = Buffer.concat(objects.map((data) => writer.write({ name: undefined, data })));
      const all = Buffer.concat([body, writer.end()]);
      const same = JSON.parse(all.toString()) as unknown[];
      expect(same).toEqual(JSON.parse(JSON.stringify(objects)));
      const read = readIn(new JsonArrayReader(), cutAt(all, places));
      expect([read.events.map(({ data }) => data), read.end]).toEqual([same, 'whole']);
      expect(readIn(new JsonArrayReader(), [body]).end).toBe('cut');
    }),
  );
});

test('whatever comes, it does not throw, and pieces make no difference', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^\[?[[\]{},":\\a1 ]{0,40}\]?$/), fc.array(fc.nat()), (text, places) => {
      const bytes = Buffer.from(text);
      const inOne = readIn(new JsonArrayReader(), [bytes]);
      expect(readIn(new JsonArrayReader(), cutAt(bytes, places))).toEqual(inOne);
    }),
  );
});
