import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BodyResult } from '../../../egress/body/index.ts';
import { FormBodyReader } from '../../../egress/body/form-body-reader.ts';
import { readBody, verdictOf } from './read-body.ts';

const contentType = ['multipart/form-data; boundary=B'];

function part(disposition: string, value: string, more = ''): string {
  return `--B\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${value}\r\n`;
}

const model = part('name="model"', 'whisper-1');
const file = part('name="file"; filename="a.wav"', '\0RIFF\r\n--b\n--', 'Content-Type: audio/wav\r\n');
const form = (...parts: readonly string[]): string => `${parts.join('')}--B--\r\n`;

const read = (text: string | Buffer, types = contentType) =>
  readBody({ want: 'form-model', contentType: types }, [Buffer.from(text as string)]);

test.each([
  ['model first', form(model, file)],
  ['file first', form(file, model)],
  ['between others', form(part('name=language', 'en'), model, file, part('name="prompt"', ''))],
  [
    'with a type',
    form(file, part('name="model"', 'whisper-1', 'Content-Type: text/plain; charset=UTF-8\r\n')),
  ],
  [
    'as Java sends it',
    form(part('name="model"', 'whisper-1', 'Content-Transfer-Encoding: 8bit\r\nContent-Length: 9\r\n')),
  ],
  ['without a last line end', form(file, model).slice(0, -2)],
  ['beside a file with a Windows path', form(model, part('name="f"; filename="C:\\a\\b.wav"', 'x'))],
  [
    'beside a file with an extended name',
    form(model, part(`name="f"; filename="a"; filename*=UTF-8''%C3%A9`, 'x')),
  ],
])('the model part is read: %s', async (_name, text) => {
  const { result, judged } = await read(text);
  expect(result).toMatchObject({ kind: 'read', format: 'form-data', model: 'whisper-1' });
  expect(judged.toString()).toBe(text);
  const span = result.kind === 'read' ? result.spans.model : undefined;
  expect(text.slice(span?.start, span?.end)).toBe('whisper-1');
});

test('other parts of the form', async () => {
  const stream = (value: string): string => form(model, part('name="stream"', value));
  expect((await read(stream('true'))).result).toMatchObject({ stream: true });
  expect((await read(stream('false'))).result).toMatchObject({ stream: false });
  expect((await read(form(file))).result).toMatchObject({ kind: 'read', model: undefined });
});

const nested = 'Content-Type: multipart/mixed; boundary=C\r\n';
test.each<[string, string, string?]>([
  ['a name that ends in a colon', form(model.replace('"model"', '"model: "')), 'BODY_MODEL_UNREADABLE'],
  [
    'a field nobody knows',
    form(part('name=C', 'x', 'ontent-Disposition: form-data; name="model"\r\n')),
    'BODY_NOT_FORM_DATA',
  ],
  ['two model parts', form(model, model), 'BODY_MODEL_UNREADABLE'],
  [
    'two model parts around a file',
    form(model, file, part('name="model"', 'gpt-4o')),
    'BODY_MODEL_UNREADABLE',
  ],
  ['a model that is a file', form(part('name="model"; filename="m"', 'a')), 'BODY_MODEL_UNREADABLE'],
  ['a model with an empty filename', form(part('name="model"; filename=""', 'a')), 'BODY_MODEL_UNREADABLE'],
  [
    'a model with an extended filename',
    form(part(`name="model"; filename*=UTF-8''a`, 'a')),
    'BODY_MODEL_UNREADABLE',
  ],
  ['a model in other case', form(model, part('name="Model"', 'a')), 'BODY_MODEL_UNREADABLE'],
  ['a model in a list', form(model, part('name="model[]"', 'a')), 'BODY_MODEL_UNREADABLE'],
  ['a model with spaces', form(model, part('name=" model "', 'a')), 'BODY_MODEL_UNREADABLE'],
  ['a list of models', form(model, part('name="models"', 'a')), 'BODY_MODEL_UNREADABLE'],
  ['an empty model', form(part('name="model"', '')), 'BODY_MODEL_UNREADABLE'],
  ['a model of two lines', form(part('name="model"', 'a\r\nb')), 'BODY_MODEL_UNREADABLE'],
  [
    'a model in JSON',
    form(part('name="model"', '"a"', 'Content-Type: application/json\r\n')),
    'BODY_MODEL_UNREADABLE',
  ],
  ['a long model', form(part('name="model"', 'a'.repeat(3_000))), 'BODY_MODEL_UNREADABLE'],
  ['a charset for all parts', form(part('name="_charset_"', 'utf-7'), model), 'BODY_MODEL_UNREADABLE'],
  ['a charset of the model', form(part('name="model"', 'a', 'Content-Type: text/plain; charset=utf-7\r\n'))],
  ['an odd stream', form(model, part('name="stream"', '1')), 'BODY_AMBIGUOUS'],
  ['two streams', form(part('name="stream"', 'true'), part('name="stream"', 'false')), 'BODY_AMBIGUOUS'],
  ['a nested form', form(part('name="x"', '--C\r\n\r\n--C--', nested), model)],
  ['a coded part', form(part('name="x"', 'YQ==', 'Content-Transfer-Encoding: base64\r\n'), model)],
  ['a part without a disposition', form('--B\r\nContent-Type: text/plain\r\n\r\na\r\n', model)],
  ['a part without a head', form('--B\r\n\r\na\r\n', model)],
  ['two dispositions', form(part('name="x"', 'a', 'Content-Disposition: form-data; name="model"\r\n'))],
  ['two names', form(part('name="x"; name="model"', 'a'))],
  ['an extended name', form(part(`name="x"; name*=UTF-8''model`, 'a'))],
  ['an escaped name', form(part('name="mod\\el"', 'a'))],
  ['a percent sign in a name', form(part('name="mod%65l"', 'a'))],
  ['an escaped quote in a filename', form(part('name="x"; filename="a\\"; name=\\"model"', 'a'))],
  ['a filename that looks like parameters', form(part('name="x"; filename="a; name=model"', 'a'))],
  ['a folded line', form(part('name="x"', 'a', 'X: a\r\n b\r\n'))],
  [
    'a space before the colon',
    form(part('name="x"', 'a', 'Content-Disposition : form-data; name="model"\r\n')),
  ],
  [
    'a lone line feed in a head',
    form(part('name="x"', 'a', 'X: a\nContent-Disposition: form-data; name="model"\r\n')),
  ],
  ['a lone return in a head', form(part('name="x"', 'a', 'X: a\rY: b\r\n'))],
  ['an attachment', form('--B\r\nContent-Disposition: attachment; name="model"\r\n\r\na\r\n')],
  ['a long head', form(part('name="x"', 'a', `X: ${'a'.repeat(5_000)}\r\n`))],
  [
    'many fields in a head',
    form(part('name="x"', 'a', Array.from({ length: 20 }, (_, i) => `X${i}: a\r\n`).join(''))),
  ],
  ['bytes before the first boundary', ` ${form(model)}`],
  ['a line before the first boundary', `\r\n${form(model)}`],
  ['bytes behind the last boundary', `${form(model)}x`],
  ['another form behind it', form(model) + form(part('name="model"', 'a'))],
  ['spaces behind a boundary', form(model).replace('--B\r\n', '--B \r\n')],
  ['line feeds only', form(model).replaceAll('\r\n', '\n')],
  [
    'a boundary behind a line feed',
    form(part('name="x"', 'a\n--B\nContent-Disposition: form-data; name="model"\n\nb'), model),
  ],
  ['a boundary within a line', form(part('name="x"', 'a--B'), model)],
  ['a longer boundary', form(part('name="x"', 'a\r\n--Bx\r\n'), model)],
  ['a boundary in a head', form(part('name="x"', 'a', 'X: --B\r\n'), model)],
  ['no line end before a boundary', '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\n--B--'],
  ['a cut form', form(model).slice(0, -4)],
  ['a cut head', '--B\r\nContent-Disp'],
  ['JSON', '{"model":"whisper-1"}'],
  ['nothing', ''],
  ['no part', '--B--\r\n', ''],
  [
    'many parts',
    form(...Array.from({ length: 129 }, (_, index) => part(`name="x${index}"`, ''))),
    'BODY_TOO_COMPLEX',
  ],
])('S46: a form with %s is refused', async (_name, text, code = 'BODY_NOT_FORM_DATA') => {
  const whole = await read(text);
  const byBytes = await readBody(
    { want: 'form-model', contentType },
    [...Buffer.from(text)].map((byte) => Buffer.of(byte)),
  );
  // A form without parts names no model, and everybody agrees.
  expect(whole.result).toMatchObject(code === '' ? { kind: 'read', model: undefined } : { code });
  expect(byBytes.result).toEqual(whole.result);
});

test.each([
  ['none', 'multipart/form-data'],
  ['an empty one', 'multipart/form-data; boundary=""'],
  ['two', 'multipart/form-data; boundary=B; boundary=C'],
  ['an extended one', "multipart/form-data; boundary*=UTF-8''B"],
  ['a space in it', 'multipart/form-data; boundary="B C"'],
  ['a quote in it', 'multipart/form-data; boundary="B\\"C"'],
  ['71 characters', `multipart/form-data; boundary=${'B'.repeat(71)}`],
  ['another charset', 'multipart/form-data; boundary=B; charset=utf-16'],
  ['another multipart', 'multipart/mixed; boundary=B'],
  ['form-urlencoded', 'application/x-www-form-urlencoded'],
  ['JSON', 'application/json'],
])('S46: %s as the boundary is refused with 415', async (_name, type) => {
  expect(verdictOf(await read(form(model), [type]))).toBe('415 CONTENT_TYPE_UNSUPPORTED');
});

// The oracle finds parts as the most lenient servers do: at any line end, with any head that can be found.
function lenientModels(text: string): string[] {
  return text
    .split(/(?:^|\r\n|\n|\r)--B/)
    .slice(1)
    .map((each) => /^[ \t]*(?:\r\n|\n|\r)([\s\S]*?)(?:\r\n\r\n|\n\n|\r\r)([\s\S]*)$/.exec(each) ?? [])
    .filter(([, head]) =>
      /name\s*=\s*"?\s*model(?![\w-])/i.test(
        (head ?? '').replace(/filename\*?\s*=\s*("[^"]*"|[^;\s]*)/gi, ''),
      ),
    )
    .map(([, , value]) => value ?? '');
}

async function undiciModels(text: string): Promise<unknown[] | undefined> {
  try {
    const response = new Response(text, { headers: { 'content-type': contentType[0]! } });
    return (await response.formData()).getAll('model');
  } catch {
    return undefined;
  }
}

function readSplit(text: string, places: readonly number[]): BodyResult {
  const bytes = Buffer.from(text);
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const reader = new FormBodyReader('B');
  for (const [index, cut] of [0, ...cuts].entries()) {
    const copy = Buffer.from(bytes.subarray(cut, cuts[index]));
    reader.push(copy);
    copy.fill(0x2d);
  }
  return reader.end();
}

const values = fc.oneof(
  fc.constantFrom('whisper-1', 'gpt-4o', '', '-', '--', '\r\n', '\r\n--', '\r\n-', 'B', '--b', 'true'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const names = fc.constantFrom('model', 'file', 'language', 'stream', 'x');
const parts = fc.array(
  fc
    .tuple(names, values, fc.boolean())
    .map(([name, value, isFile]) => ({ name, value, isFile: isFile && name === 'file' })),
  { maxLength: 5 },
);
const render = (each: readonly { name: string; value: string; isFile: boolean }[]): string =>
  form(
    ...each.map(({ name, value, isFile }) => part(`name="${name}"${isFile ? '; filename="f"' : ''}`, value)),
  );

describe('S46: against other readers', () => {
  test('property: what a form was made of is what is read, in chunks of any size', () => {
    fc.assert(
      fc.property(parts, fc.array(fc.nat(), { maxLength: 6 }), (each, places) => {
        const valuesOf = (wanted: string): string[] =>
          each.filter(({ name }) => name === wanted).map(({ value }) => value);
        const isPlain = (value: string): boolean => value !== '' && !/[\x00-\x1f\x7f]/.test(value);
        const models = valuesOf('model');
        const streams = valuesOf('stream');
        const readable =
          models.length < 2 &&
          models.every(isPlain) &&
          streams.length < 2 &&
          streams.every((value) => value === 'true');
        const isCut = each.some(({ value }) => `\r\n${value}\r\n`.includes('--B'));
        const result = readSplit(render(each), places);
        expect(result).toEqual(readSplit(render(each), []));
        if (!isCut) expect(result.kind).toBe(readable ? 'read' : 'unreadable');
        if (result.kind === 'read')
          expect([result.model]).toEqual(models.length === 0 ? [undefined] : models);
      }),
      { numRuns: 3_000 },
    );
  });

  test('property: after random changes, no other reader finds another model in what is read', async () => {
    const put = fc.constantFrom(
      '',
      '\r\n',
      '\n',
      '--B',
      '--',
      '\r\n--B\r\n',
      '\n--B\n',
      'model',
      '"',
      ';',
      ' ',
      '\r\n\r\n',
      ': ',
      'Content-Disposition: form-data; name="model"\r\n\r\n',
      '; name="model"',
      '; filename="model"',
    );
    const mutations = fc.array(fc.record({ at: fc.nat(), drop: fc.nat(3), put }), {
      minLength: 1,
      maxLength: 3,
    });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(parts, mutations, async (each, changes) => {
        const text = changes.reduce((before, { at, drop, put: added }) => {
          const from = at % (before.length + 1);
          return Buffer.from(before.slice(0, from) + added + before.slice(from + drop)).toString();
        }, render(each));
        const result = readSplit(text, []);
        if (result.kind !== 'read') return;
        accepted += 1;
        const expected = result.model === undefined ? [] : [result.model];
        expect(lenientModels(text)).toEqual(expected);
        expect((await undiciModels(text)) ?? expected).toEqual(expected);
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

test('S46: 8 MB of a file are passed over in linear time, whatever bytes and boundary', () => {
  const dashes = '-'.repeat(70);
  const cpu = (boundary: string, bytes: Buffer): number => {
    const reader = new FormBodyReader(boundary);
    const before = process.cpuUsage();
    reader.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n`),
    );
    for (let at = 0; at < bytes.length; at += 65_536)
      expect(reader.push(bytes.subarray(at, at + 65_536))).toBeUndefined();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const shapes: ReadonlyArray<readonly [string, Buffer]> = [
    ['B', Buffer.alloc(8 * 1024 * 1024, 'x')],
    [`${dashes.slice(3)}x`, Buffer.alloc(8 * 1024 * 1024, '-')],
    [dashes, Buffer.alloc(8 * 1024 * 1024, `${'-'.repeat(71)}x`)],
    ['B', Buffer.alloc(8 * 1024 * 1024, '\r\n--')],
  ];
  for (const [boundary, bytes] of shapes) {
    const least = (part: Buffer): number => Math.min(...[1, 2].map(() => cpu(boundary, part)));
    const quarter = least(bytes.subarray(0, bytes.length / 4));
    expect(least(bytes)).toBeLessThan(10 * quarter + 20_000);
  }
});
