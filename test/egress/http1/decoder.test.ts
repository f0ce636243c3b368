import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CodecError,
  createRequestDecoder,
  createResponseDecoder,
  renderLastChunk,
  renderRequestHead,
  type DecoderEvent,
  type RequestHead,
} from '../../../egress/http1/index.ts';

/** What a message says, however its body was cut into chunks. */
interface Told {
  readonly heads: unknown[];
  readonly body: string;
  readonly ends: number;
  readonly error: string | undefined;
}

function tell(chunks: readonly Buffer[], finish = false): Told {
  const decoder = createRequestDecoder();
  const told = { heads: [] as unknown[], body: '', ends: 0, error: undefined as string | undefined };
  const drain = (): void => {
    let event: DecoderEvent<RequestHead> | undefined;
    while ((event = decoder.next()) !== undefined) {
      if (event.type === 'head') told.heads.push(event.head, event.framing);
      else if (event.type === 'data') told.body += event.bytes.toString('latin1');
      else {
        told.ends += 1;
        told.heads.push(event.trailers);
      }
    }
  };
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      drain();
    }
    if (finish) {
      decoder.finish();
      drain();
    }
  } catch (thrown) {
    if (!(thrown instanceof CodecError)) throw thrown;
    told.error = thrown.message;
  }
  return told;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function splitAt(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const sorted = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return sorted.slice(1).map((end, index) => whole.subarray(sorted[index] ?? 0, end));
}

describe('requests', () => {
  test('a conversation of three pipelined requests', () => {
    const told = tell([
      bytes(
        'GET /a HTTP/1.1\r\nHost: x\r\n\r\n' +
          'POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' +
          'POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
      ),
    ]);
    expect(told).toMatchObject({ body: 'helloabc', ends: 3, error: undefined });
    expect(told.heads.at(-1)).toEqual([{ name: 'x-t', raw: 'X-T', value: '1' }]);
  });

  test('split at every byte, the result is the same', () => {
    const whole = bytes(
      'POST /b?q=1 HTTP/1.1\r\nHost: x\r\nX-A:  spaced \r\nTransfer-Encoding: chunked\r\n\r\n' +
        'a\r\n0123456789\r\n1;e\r\nz\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    const expected = tell([whole]);
    expect(expected.ends).toBe(2);
    for (let cut = 1; cut < whole.length; cut += 1) {
      expect(tell([whole.subarray(0, cut), whole.subarray(cut)])).toEqual(expected);
    }
    expect(tell([...whole].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  test('property: encoder and decoder agree, however the bytes are split', () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/).map((name) => `X-${name}`);
    const value = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(token, value), { maxLength: 8 }),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.boolean(),
        (headers, parts, cuts, chunked) => {
          const fields = headers.map(([raw, text]) => ({ name: raw.toLowerCase(), raw, value: text }));
          const body = Buffer.concat(parts);
          const framing = chunked
            ? ({ kind: 'chunked' } as const)
            : ({ kind: 'length', length: body.length } as const);
          const framed = chunked
            ? [
                ...parts.flatMap((part) => [bytes(`${part.length.toString(16)}\r\n`), part, bytes('\r\n')]),
                bytes(renderLastChunk([])),
              ]
            : [body];
          const whole = Buffer.concat([bytes(renderRequestHead('POST', '/p', fields, framing)), ...framed]);
          const told = tell(splitAt(whole, cuts));
          expect(told.error).toBeUndefined();
          expect(told.ends).toBe(1);
          expect(told.body).toBe(body.toString('latin1'));
          const head = told.heads[0] as RequestHead;
          expect(head.fields.slice(0, fields.length)).toEqual(fields);
        },
      ),
    );
  });

  test('property: arbitrary bytes never do anything but parse, wait or throw CodecError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
        tell(
          chunks.map((chunk) => Buffer.from(chunk)),
          true,
        );
      }),
    );
  });
});

const refused: ReadonlyArray<readonly [string, string]> = [
  [
    'CL.TE',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG',
  ],
  [
    'TE.CL',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\n0\r\n\r\n',
  ],
  [
    'TE.TE',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
  ],
  ['obfuscated TE', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['TE list', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['TE in 1.0', 'POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['duplicate CL', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nZ'],
  ['CL list', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\nZ'],
  ['CL with sign', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nZ'],
  ['CL hexadecimal', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\nZ'],
  ['CL too long', `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${'9'.repeat(20)}\r\n\r\nZ`],
  ['space before colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'],
  ['obs-fold', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n'],
  ['bare LF between fields', 'GET / HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n'],
  ['bare CR in a value', 'GET / HTTP/1.1\r\nHost: x\rX-A: 1\r\n\r\n'],
  ['NUL in a value', 'GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n'],
  ['empty name', 'GET / HTTP/1.1\r\n: x\r\n\r\n'],
  ['no colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
  ['absolute form', 'GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['CONNECT authority form', 'CONNECT evil:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['HTTP/2.0 text', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'],
  ['lower-case version', 'GET / http/1.1\r\nHost: x\r\n\r\n'],
  ['two leading empty lines', '\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['leading bare line feed', '\nGET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  [
    'chunk size with sign',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nZ\r\n0\r\n\r\n',
  ],
  [
    'chunk size with 0x',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nZ\r\n0\r\n\r\n',
  ],
  [
    'chunk longer than said',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZZ\r\n0\r\n\r\n',
  ],
  [
    'chunk line with LF in extension',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\nZ\r\n0\r\n\r\n',
  ],
  ['trailer fold', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n b\r\n\r\n'],
];

test('one empty line before each request is ignored, wherever it is cut', () => {
  const text = '\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n';
  fc.assert(
    fc.property(fc.array(fc.nat()), (cuts) => {
      const told = tell(splitAt(bytes(text), cuts));
      expect(told.error).toBeUndefined();
      expect(told.ends).toBe(2);
    }),
  );
});

test.each(refused)('S28: %s is refused, not repaired', (_name, text) => {
  expect(tell([bytes(text)]).error).toBeTypeOf('string');
  expect(tell([...bytes(text)].map((byte) => Buffer.of(byte))).error).toBeTypeOf('string');
});

const floods: ReadonlyArray<readonly [string, () => Buffer]> = [
  ['an endless head', () => bytes(`GET / HTTP/1.1\r\nX: ${'a'.repeat(70_000)}`)],
  ['too many fields', () => bytes(`GET / HTTP/1.1\r\n${'A: 1\r\n'.repeat(200)}\r\n`)],
  [
    'an endless chunk extension',
    () => bytes(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(300)}`),
  ],
  [
    'many chunk extensions',
    () =>
      bytes(
        `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${`1;${'a'.repeat(200)}\r\nz\r\n`.repeat(100)}`,
      ),
  ],
  [
    'endless trailers',
    () =>
      bytes(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ${'a'.repeat(9_000)}`),
  ],
];

test.each(floods)('S29: %s ends in an error with bounded memory', (_name, make) => {
  expect(tell([make()]).error).toBeTypeOf('string');
});

test('S29: a head of 60 KiB sent one byte a segment costs no quadratic time', () => {
  const whole = bytes(`GET / HTTP/1.1\r\nX: ${'a'.repeat(60_000)}\r\n\r\n`);
  const start = performance.now();
  expect(tell([...whole].map((byte) => Buffer.from([byte]))).ends).toBe(1);
  expect(performance.now() - start).toBeLessThan(2_000);
});

describe('responses', () => {
  function read(
    method: string,
    text: string,
    finish: boolean,
  ): { body: string; ends: number; framing: string } {
    const { decoder, expect: expectMethod } = createResponseDecoder();
    expectMethod(method);
    decoder.push(bytes(text));
    if (finish) decoder.finish();
    const seen = { body: '', ends: 0, framing: '' };
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.type === 'head') seen.framing = event.framing.kind;
      else if (event.type === 'data') seen.body += event.bytes.toString('latin1');
      else seen.ends += 1;
      if (seen.ends > 0 && decoder.idle) break;
    }
    return seen;
  }

  test.each([
    [
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      false,
      { body: 'ok', ends: 1, framing: 'length' },
    ],
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', false, { body: '', ends: 1, framing: 'none' }],
    [
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n',
      false,
      { body: '', ends: 1, framing: 'none' },
    ],
    ['GET', 'HTTP/1.1 200\r\n\r\nuntil the end', true, { body: 'until the end', ends: 1, framing: 'close' }],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', false, { body: '', ends: 1, framing: 'none' }],
  ])('%s answered by %j', (method, text, finish, expected) => {
    expect(read(method, text, finish)).toEqual(expected);
  });

  test('S28: a body cut short is an error, not an end', () => {
    expect(() => read('GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', true)).toThrow(CodecError);
  });
});
