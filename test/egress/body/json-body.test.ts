import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJsonBody, replaceMember } from '../../../egress/body/json-body.ts';

const parse = (text: string | Buffer): unknown => parseJsonBody(Buffer.from(text as string));

test.each([
  ['duplicate member', '{"model":"a","model":"b"}'],
  ['duplicate by escape', '{"model":"a","mod\\u0065l":"b"}'],
  ['duplicate behind long padding', `{"model":"a","model"${' '.repeat(500)}:"b"}`],
  ['other case', '{"model":"a","Model":"b"}'],
  ['byte order mark', '\ufeff{"model":"a"}'],
  ['array', '[{"model":"a"}]'],
  ['two documents', '{"model":"a"}{"model":"b"}'],
  ['absurd nesting', `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`],
  ['comment', '{"model":"a"/*x*/}'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
])('S46: %s is not judged, so not sent', (_name, text) => {
  expect(parse(text)).toBeUndefined();
});

test('S46: __proto__ is a member like any other, inner repetitions and strings that look like members are fine', () => {
  const object = parse('{"__proto__":{"model":"x"},"model":"a","m":["\\"model\\":",{"model":1,"model":2}]}');
  expect((object as { model: string }).model).toBe('a');
});

test('property: any object JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => key.toLowerCase() !== 'model'),
        fc.jsonValue(),
      ),
      (value) => {
        const text = JSON.stringify(value);
        expect(parse(text)).toEqual(JSON.parse(text));
      },
    ),
  );
});

test.each([
  ['{"model":"a"}', 'model', '"b"', '{"model":"b"}'],
  [
    '{"n":1.0,"model" : "a,}" ,"seed":12345678901234567890}',
    'model',
    '"b"',
    '{"n":1.0,"model" :"b","seed":12345678901234567890}',
  ],
  ['{"x":{"model":"a"},"mod\\u0065l":"a"}', 'model', '"b"', '{"x":{"model":"a"},"mod\\u0065l":"b"}'],
  ['{"x":["model"],"o":{"a":[1,{"b":"}"}]}}', 'o', '{}', '{"x":["model"],"o":{}}'],
  ['{"stream":true}', 'o', '{}', '{"o":{},"stream":true}'],
  [' {}', 'o', '1', ' {"o":1}'],
])('replaceMember(%s, %s, %s)', (text, name, value, expected) => {
  expect(replaceMember(text, name, value)).toBe(expected);
});

test('replaceMember changes that member and no other, whatever the object', () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(objects, fc.string(), fc.jsonValue(), fc.nat(4), (object, name, value, indent) => {
      const text = JSON.stringify(object, undefined, indent);
      const wanted = JSON.stringify(value);
      const expected = { ...object, ...(JSON.parse(`{${JSON.stringify(name)}:${wanted}}`) as object) };
      expect(JSON.parse(replaceMember(text, name, wanted))).toEqual(JSON.parse(JSON.stringify(expected)));
    }),
  );
});
