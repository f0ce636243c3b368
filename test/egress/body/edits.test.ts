import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  askForUsage,
  createPlainReader,
  renameModel,
  replaceSpans,
  type BodyRead,
  type Edit,
} from '../../../egress/body/index.ts';
import { FormBodyReader } from '../../../egress/body/form-body-reader.ts';

function read(text: string): BodyRead {
  const reader = createPlainReader('model', undefined);
  reader.push(Buffer.from(text));
  const result = reader.end();
  if (result.kind !== 'read') throw new Error(result.message);
  return result;
}

const edited = (text: string, edits: ReadonlyArray<Edit | undefined>): string =>
  Buffer.concat(
    replaceSpans(
      [Buffer.from(text)],
      edits.filter((each) => each !== undefined),
    ),
  ).toString();

test.each([
  ['{"model":"a"}', '{"model":"b\\"€"}'],
  [
    '{"n":1.0,"model" : "a,}" ,"seed":12345678901234567890}',
    '{"n":1.0,"model" : "b\\"€" ,"seed":12345678901234567890}',
  ],
  ['{"x":{"model":"a"},"mod\\u0065l":"a"}', '{"x":{"model":"a"},"mod\\u0065l":"b\\"€"}'],
  ['{"stream":true}', '{"stream":true}'],
])('renames the model of %s in its place', (text, expected) => {
  expect(edited(text, [renameModel(read(text), 'b"€')])).toBe(expected);
});

test.each([
  ['{}', '{"stream_options":{"include_usage":true}}'],
  [' {"a":1}', ' {"stream_options":{"include_usage":true},"a":1}'],
  ['{"a":[],"stream_options":{}}', '{"a":[],"stream_options":{"include_usage":true}}'],
  ['{"stream_options":{ "x":1}}', '{"stream_options":{"include_usage":true, "x":1}}'],
  ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
  ['{"stream_options":{"include_usage":false,"x":1}}', '{"stream_options":{"include_usage":true,"x":1}}'],
  ['{"stream_options":{"include_usage":null}}', '{"stream_options":{"include_usage":true}}'],
  ['{"stream_options":{"include_usage":true}}', '{"stream_options":{"include_usage":true}}'],
])('asks %s for usage', (text, expected) => {
  expect(edited(text, [askForUsage(read(text))])).toBe(expected);
});

test('a form gets the new model as it is, if a part can hold it', () => {
  const text = '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\na\r\n--B--\r\n';
  const reader = new FormBodyReader('B');
  reader.push(Buffer.from(text));
  const form = reader.end() as BodyRead;
  expect(edited(text, [renameModel(form, 'whisper-1')])).toBe(text.replace('\r\na\r\n', '\r\nwhisper-1\r\n'));
  expect(renameModel(form, 'a\r\n--B--')).toBeUndefined();
  expect(askForUsage(form)).toBeUndefined();
});

describe('property', () => {
  test('a member changes and no other, whatever the object and its spelling', () => {
    const objects = fc.dictionary(
      fc
        .string()
        .filter((name) => !/^(?:models?|fallbacks|stream.*|.*tokens.*|.*config|n|best_of)$/i.test(name)),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(objects, fc.option(fc.string({ minLength: 1 })), fc.nat(4), (others, model, indent) => {
        const object = { ...others, ...(model === null ? {} : { model }) };
        const text = JSON.stringify(object, undefined, indent);
        const result = edited(text, [renameModel(read(text), 'new'), askForUsage(read(text))]);
        const renamed = model === null ? {} : { model: 'new' };
        const expected = { ...object, ...renamed, stream_options: { include_usage: true } };
        expect(JSON.parse(result)).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });

  test('edits change their spans and nothing else; buffers without one are passed on as they are', () => {
    const texts = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 9 }), { minLength: 1, maxLength: 5 });
    const places = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.string({ unit: 'binary-ascii', maxLength: 3 })), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(texts, places, (chunks, each) => {
        const whole = chunks.join('');
        const points = each.flatMap(([a, b]) => [a, b]).map((at) => at % (whole.length + 1));
        points.sort((a, b) => a - b);
        const edits = each.map(([, , text], index) => ({
          start: points[index * 2]!,
          end: points[index * 2 + 1]!,
          bytes: Buffer.from(text),
        }));
        let expected = whole;
        for (const { start, end, bytes } of edits.toReversed())
          expected = expected.slice(0, start) + bytes.toString() + expected.slice(end);
        const buffers = chunks.map((chunk) => Buffer.from(chunk));
        // In any order; those at one place in the order given.
        const distinct = new Set(edits.map(({ start }) => start)).size === edits.length;
        const out = replaceSpans(buffers, distinct ? edits.toReversed() : edits);
        expect(Buffer.concat(out).toString()).toBe(expected);
        let base = 0;
        for (const buffer of buffers) {
          const end = base + buffer.length;
          const touched = edits.some((edit) => edit.start < end && edit.end > base);
          const split = edits.some((edit) => edit.start > base && edit.start < end);
          if (buffer.length > 0 && !touched && !split) expect(out).toContain(buffer);
          base = end;
        }
      }),
    );
  });
});

test.each([
  [
    'overlap',
    [
      { start: 0, end: 3 },
      { start: 2, end: 4 },
    ],
  ],
  ['lie outside', [{ start: 4, end: 9 }]],
  ['run backwards', [{ start: 3, end: 2 }]],
])('edits that %s are refused', (_name, spans) => {
  const edits = spans.map((span) => ({ ...span, bytes: Buffer.from('x') }));
  expect(() => replaceSpans([Buffer.from('12345')], edits)).toThrow(
    expect.objectContaining({ code: 'BODY_EDIT_INVALID' }),
  );
});

test('many edits of many pieces look at each piece about once', () => {
  const count = 1_000;
  let looks = 0;
  const pieces = new Proxy(
    Array.from({ length: count }, () => Buffer.from('12345')),
    {
      get: (target, name, self): unknown => {
        if (typeof name === 'string' && /^\d+$/.test(name)) looks += 1;
        return Reflect.get(target, name, self);
      },
    },
  );
  const edits = Array.from({ length: count }, (_, at) => ({
    ...{ start: at * 5 + 1, end: at * 5 + 2, bytes: Buffer.from('x') },
  }));
  expect(Buffer.concat(replaceSpans(pieces, edits)).toString()).toBe('1x345'.repeat(count));
  expect(looks).toBeLessThan(10 * count);
});
