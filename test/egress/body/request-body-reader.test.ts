import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BufferedRead, bodyCaps, createPlainReader, type BodyRead } from '../../../egress/body/index.ts';
import { readBody, verdictOf } from './read-body.ts';

const plain = '{"model":"gpt-4o"}';
const rpc = (params: string): string => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

describe('Content-Type', () => {
  test.each([
    [['application/json']],
    [['Application/JSON; Charset="UTF-8"']],
    [['application/json;charset=utf8']],
    [[' application/json ; charset=utf-8 ']],
  ])('%j is read', async (contentType) => {
    expect(verdictOf(await readBody({ contentType }, [plain]))).toBe('read');
    expect(verdictOf(await readBody({ contentType, want: 'rpc' }, [rpc('{}')]))).toBe('read');
  });

  test.each([
    ['none', []],
    ['two fields', ['application/json', 'application/json']],
    ['two fields that differ', ['application/json', 'text/plain']],
    ['two values in one field', ['application/json, text/plain']],
    ['text', ['text/plain']],
    ['a form', ['application/x-www-form-urlencoded']],
    ['multipart', ['multipart/form-data; boundary=x']],
    ['UTF-7', ['application/json; charset=utf-7']],
    ['UTF-16', ['application/json; charset=utf-16']],
    ['Latin 1', ['application/json; charset=iso-8859-1']],
    ['two charsets', ['application/json; charset=utf-8; charset=utf-7']],
    ['two charsets, one in capitals', ['application/json; charset=utf-8; CHARSET=utf-7']],
    ['an extended charset', ["application/json; charset*=utf-8''utf-7"]],
    ['an escaped charset', ['application/json; charset="utf\\-8"']],
    ['an unknown parameter', ['application/json; profile=x']],
    ['a boundary', ['application/json; boundary=x']],
    ['another JSON', ['application/vnd.api+json']],
    ['JSON in lines', ['application/x-ndjson']],
    ['a look-alike', ['application/json5']],
    ['a look-alike by space', ['application/ json']],
    ['a trailing semicolon', ['application/json;']],
    ['a control character', ['application/json\u0001']],
  ])('S46: %s is refused with 415, which names what to send', async (_name, contentType) => {
    for (const want of ['model', 'rpc'] as const) {
      const { result } = await readBody({ contentType, want }, [plain]);
      expect(result).toMatchObject({ status: 415, code: 'CONTENT_TYPE_UNSUPPORTED' });
      expect(JSON.stringify(result)).toContain('application/json');
    }
  });

  test('S46: a Content-Type of 100,000 parameters is read in linear time', async () => {
    const contentType = [`application/json${'; a=b'.repeat(100_000)}`];
    expect(verdictOf(await readBody({ contentType }, [plain]))).toBe('415 CONTENT_TYPE_UNSUPPORTED');
  });
});

const { zstdCompressSync } = zlib as unknown as { zstdCompressSync?: (bytes: Buffer) => Buffer };
const coders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes),
  ...(zstdCompressSync === undefined ? {} : { zstd: zstdCompressSync }),
};

describe('Content-Encoding', () => {
  test.each(Object.keys(coders))(
    '%s is taken off, in chunks of any size, and the plain bytes are sent',
    async (coding) => {
      const text = JSON.stringify({ model: 'gpt-5', input: 'x'.repeat(100_000), stream: true });
      const coded = coders[coding]!(Buffer.from(text));
      const bytes = [...coded].map((byte) => Buffer.of(byte));
      for (const chunks of [[coded], bytes]) {
        const { result, judged } = await readBody({ contentEncoding: [coding.toUpperCase()] }, chunks);
        expect(result).toMatchObject({ kind: 'read', model: 'gpt-5', stream: true });
        expect(judged.toString()).toBe(text);
      }
    },
  );

  test.each([
    ['unknown', ['compress']],
    ['two in a list', ['gzip, gzip']],
    ['two fields', ['identity', 'gzip']],
    ['two equal fields', ['gzip', 'gzip']],
    ['empty', ['']],
    ...(zstdCompressSync === undefined ? [['not in this Node', ['zstd']] as [string, string[]]] : []),
  ])(
    'S31: a coding that is %s is refused with 415, which names what to send',
    async (_name, contentEncoding) => {
      const { result } = await readBody({ contentEncoding }, [plain]);
      expect(result).toMatchObject({ status: 415, code: 'CONTENT_ENCODING_UNSUPPORTED' });
      expect(JSON.stringify(result)).toContain('gzip, deflate, br');
    },
  );

  test.each([
    ['plain bytes', Buffer.from(plain)],
    ['cut bytes', zlib.gzipSync(plain).subarray(0, -4)],
    ['nothing', Buffer.alloc(0)],
    ['a wrong sum', Buffer.concat([zlib.gzipSync(plain).subarray(0, -8), Buffer.alloc(8)])],
  ])('S31: %s under Content-Encoding: gzip are refused', async (_name, bytes) => {
    const { result } = await readBody({ contentEncoding: ['gzip'] }, [bytes]);
    expect(result.kind === 'unreadable' && result.status).toBe(400);
  });

  test('S46: what is sent is what was judged, also of two gzip members', async () => {
    const members = Buffer.concat([
      zlib.gzipSync('{"model":"gpt-4o"'),
      zlib.gzipSync(',"x":1}'),
      Buffer.from('!!'),
    ]);
    const { result, judged } = await readBody({ contentEncoding: ['gzip'] }, [members]);
    expect(result.kind === 'unreadable' || judged.toString() === '{"model":"gpt-4o","x":1}').toBe(true);
  });

  test.each(Object.keys(coders))('S31: a bomb of %s ends at the cap of its ratio', async (coding) => {
    const bomb = coders[coding]!(Buffer.concat([Buffer.from('{"x":"'), Buffer.alloc(30_000_000, 'x')]));
    const { result, judged } = await readBody({ contentEncoding: [coding] }, [bomb]);
    expect(result).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(judged.length).toBeLessThan(1024 * 1024 + bodyCaps.ratio * bomb.length + 64 * 1024);
  });

  test.each([[undefined], ['gzip']])('S31: a body over the cap ends there (%s)', async (coding) => {
    const caps = { bytes: 10_000, ratio: 1_000 };
    const body = Buffer.from(`{"x":"${'x'.repeat(9_992)}"}`);
    const send = coding === undefined ? [body] : [zlib.gzipSync(body)];
    const contentEncoding = coding === undefined ? [] : [coding];
    expect(verdictOf(await readBody({ contentEncoding }, send, caps))).toBe('read');
    const more =
      coding === undefined ? [body, ' '] : [zlib.gzipSync(Buffer.concat([body, Buffer.from(' ')]))];
    expect(verdictOf(await readBody({ contentEncoding }, more, caps))).toBe('413 BODY_TOO_LARGE');
  });
});

describe('want: model', () => {
  const read = async (text: string): Promise<BodyRead | string> => {
    const reading = await readBody({}, [text]);
    return reading.result.kind === 'read' ? reading.result : verdictOf(reading);
  };

  test('reads what decides, wherever it is', async () => {
    const text = `{"messages":[{"model":"x","stream":false}],"stream_options":{"include_usage":true},"max_tokens":5,
      "max_completion_tokens":9,"stream":true,"mod\\u0065l":"gpt-\\u0034o"}`;
    expect(await read(text)).toMatchObject({
      model: 'gpt-4o',
      stream: true,
      includeUsage: true,
      spans: {
        outputCaps: [
          { name: 'max_tokens', tokens: 5 },
          { name: 'max_completion_tokens', tokens: 9 },
        ],
      },
    });
  });

  test.each([
    ['{"generationConfig":{"maxOutputTokens":7}}', [{ name: 'generationConfig.maxOutputTokens', tokens: 7 }]],
    [
      '{"generation_config":{"max_output_tokens":8}}',
      [{ name: 'generationConfig.maxOutputTokens', tokens: 8 }],
    ],
    [
      '{"inferenceConfig":{"maxTokens":9},"max_tokens":null}',
      [
        { name: 'inferenceConfig.maxTokens', tokens: 9 },
        { name: 'max_tokens', tokens: undefined },
      ],
    ],
    ['{"max_output_tokens":1.5}', [{ name: 'max_output_tokens', tokens: 1.5 }]],
  ])('%s limits the answer', async (text, outputCaps) => {
    expect(await read(text)).toMatchObject({ spans: { outputCaps } });
  });

  test.each([
    ['{"n":3}', 3],
    ['{"n":null}', 1],
    ['{}', 1],
    ['{"n":2,"best_of":4}', 4],
    ['{"n":0}', undefined],
    ['{"n":"2"}', undefined],
    ['{"n":1.5,"best_of":2}', undefined],
    ['{"generationConfig":{"candidateCount":2}}', 2],
  ])('%s asks for %j answers', async (text, choices) => {
    const body = await read(text);
    expect(typeof body === 'string' ? body : body.choices).toBe(choices);
  });

  test('tools may name the same model, or none', async () => {
    const text =
      '{"tools":[{"model":"gpt-4o"},{"function":{"model":"x"}},"odd",[{"model":"y"}]],"model":"gpt-4o"}';
    expect(await read(text)).toMatchObject({ kind: 'read', model: 'gpt-4o' });
  });

  test.each(['{}', '{"a":1}', '{"stream":null,"stream_options":null}'])('%s names no model', async (text) => {
    expect(await read(text)).toMatchObject({ kind: 'read', model: undefined, stream: undefined });
  });

  test.each([
    ['{"model":["gpt-4o","o1"]}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":{"name":"o1"}}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":1}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":null}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":""}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":"gpt-4o","models":["o1-pro"]}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":"gpt-4o","fallbacks":["o1-pro"]}', '400 BODY_MODEL_UNREADABLE'],
    [
      '{"model":"gpt-4o","tools":[{"type":"image_generation","model":"gpt-image-1"}]}',
      '400 BODY_MODEL_UNREADABLE',
    ],
    ['{"tools":[{},{"model":"o1-pro"}],"model":"gpt-4o"}', '400 BODY_MODEL_UNREADABLE'],
    ['{"tools":[{"model":"gpt-4o"},{"model":"o1"}],"model":"gpt-4o"}', '400 BODY_MODEL_UNREADABLE'],
    ['{"tools":[{"model":["o1-pro"]}],"model":"gpt-4o"}', '400 BODY_MODEL_UNREADABLE'],
    ['{"model":"gpt-4o","Models":["o1-pro"]}', '400 BODY_AMBIGUOUS'],
    ['{"model":"gpt-4o","stream":"true"}', '400 BODY_AMBIGUOUS'],
    ['{"model":"gpt-4o","stream":1}', '400 BODY_AMBIGUOUS'],
    ['{"model":"gpt-4o","stream":[true]}', '400 BODY_AMBIGUOUS'],
    ['{"stream_options":{"include_usage":"no"}}', '400 BODY_AMBIGUOUS'],
    ['{"max_tokens":"9"}', '400 BODY_AMBIGUOUS'],
    ['{"stream_options":[]}', '400 BODY_AMBIGUOUS'],
    ['{"stream_options":true}', '400 BODY_AMBIGUOUS'],
    ['{"stream_options":"on and on"}', '400 BODY_AMBIGUOUS'],
    ['[{"model":"gpt-4o"}]', '400 BODY_NOT_JSON'],
    ['"gpt-4o"', '400 BODY_NOT_JSON'],
    ['', '400 BODY_NOT_JSON'],
    [`{"model":"gpt-4o","a":${'['.repeat(600)}${']'.repeat(600)}}`, '413 BODY_TOO_COMPLEX'],
  ])('S46: %s is refused', async (text, expected) => {
    expect(await read(text)).toBe(expected);
  });

  test('a refused body stays refused, and nothing of it is judged afterwards', async () => {
    const { result, judged } = await readBody({}, ['{"model":[]', '}', '{"model":"gpt-4o"}']);
    expect(result).toMatchObject({ code: 'BODY_MODEL_UNREADABLE' });
    expect(judged.toString()).toBe('');
  });
});

describe('want: rpc', () => {
  const read = async (text: string): Promise<unknown> => {
    const reading = await readBody({ want: 'rpc' }, [text]);
    return reading.result.kind === 'read' ? reading.result.rpc : verdictOf(reading);
  };

  test('keeps of a message what decides', async () => {
    const version = '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-06-18","x":1}';
    const text = rpc(`{"name":"a","uri":"file:///a","arguments":{"name":"b","name2":[]},${version}}`);
    expect(await read(text)).toEqual({
      batch: false,
      messages: [
        {
          id: 1,
          method: 'tools/call',
          params: {
            name: 'a',
            uri: 'file:///a',
            _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-06-18' },
          },
          arguments: { text: '{"name":"b","name2":[]}', digest: expect.any(String) as string },
        },
      ],
    });
  });

  test('a batch: requests, notifications and answers, none mixed up', async () => {
    const text = `[${rpc('{"name":"a"}')},{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","id":"x","result":null},
      {"jsonrpc":"2.0","id":2,"error":{"code":1}}]`;
    expect(await read(text)).toEqual({
      batch: true,
      messages: [
        { id: 1, method: 'tools/call', params: { name: 'a' } },
        { id: undefined, method: 'ping', params: {} },
        { id: 'x', method: undefined, params: {} },
        { id: 2, method: undefined, params: {} },
      ],
    });
  });

  test.each([
    ['[]', '400 BODY_NOT_JSON_RPC'],
    ['1', '400 BODY_NOT_JSON_RPC'],
    ['{}', '400 BODY_NOT_JSON_RPC'],
    [`[${rpc('{}')},1]`, '400 BODY_NOT_JSON_RPC'],
    [`[[${rpc('{}')}]]`, '400 BODY_NOT_JSON_RPC'],
    [rpc('[1]'), '400 BODY_NOT_JSON_RPC'],
    [rpc('null'), '400 BODY_NOT_JSON_RPC'],
    [rpc('"x"'), '400 BODY_NOT_JSON_RPC'],
    [rpc('{"name":["a"]}'), '400 BODY_NOT_JSON_RPC'],
    [rpc('{"uri":null}'), '400 BODY_NOT_JSON_RPC'],
    ['{"id":1,"method":null}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":1,"method":["a"]}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":true,"method":"a"}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":{},"method":"a"}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":1,"method":"ping","result":{}}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":1,"result":{},"error":{}}', '400 BODY_NOT_JSON_RPC'],
    ['{"result":{}}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":1,"result":{},"params":{}}', '400 BODY_NOT_JSON_RPC'],
    ['{"id":1,"method":"ping","Method":"tools/call"}', '400 BODY_AMBIGUOUS'],
    [rpc('{"name":"a","Name":"b"}'), '400 BODY_AMBIGUOUS'],
    [rpc('{"arguments":{"x":1,"x":2}}'), '400 BODY_AMBIGUOUS'],
    [`[${Array.from({ length: 33 }, () => rpc('{}')).join(',')}]`, '413 BODY_TOO_COMPLEX'],
  ])('S46: %s is refused', async (text, expected) => {
    expect(await read(text)).toBe(expected);
  });
});

test('property: a body that is there already is read in steps of at most so many bytes, with the same result', () => {
  const bodies = fc.constantFrom(
    plain,
    '{"model":"a","model":"b"}',
    '{"x":[1,2,{"y":"é"}],"model":"b"}',
    '{',
  );
  fc.assert(
    fc.property(
      bodies,
      fc.array(fc.nat(30), { maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      (text, places, most) => {
        const bytes = Buffer.from(text);
        const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
        const read = new BufferedRead(
          createPlainReader('model', undefined),
          [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index])),
        );
        let steps = 0;
        let result = read.step(most);
        for (; result === undefined; result = read.step(most)) steps += 1;
        const whole = createPlainReader('model', undefined);
        whole.push(bytes);
        expect(result).toEqual(whole.end());
        // An empty buffer at the end is one more.
        const least = Math.ceil(bytes.length / most) - 1;
        if (result.kind === 'read') expect([least, least + 1]).toContain(steps);
      },
    ),
  );
});
