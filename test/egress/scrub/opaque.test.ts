import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { BodyStart, judgeHead } from '../../../egress/scrub/index.ts';

type Line = readonly [string, string];
type Row = readonly [what: string, status: number, lines: readonly Line[]];
const judge = (status: number, lines: readonly Line[]): string | undefined =>
  judgeHead(
    status,
    lines.map(([name, value]) => createField(name, value)),
  );

test.each<Row>([
  ['gzip', 200, [['Content-Encoding', 'gzip']]],
  ['an unknown coding', 200, [['Content-Encoding', 'x-own']]],
  [
    'a coding in a second field',
    200,
    [
      ['Content-Encoding', 'identity'],
      ['Content-Encoding', 'gzip'],
    ],
  ],
  ['a coding in a list', 200, [['Content-Encoding', 'identity, GZIP']]],
  ['a part', 206, [['Content-Type', 'text/plain']]],
  ['a range without the status', 200, [['Content-Range', 'bytes 0-10/40']]],
  ['several parts', 200, [['Content-Type', 'Multipart/ByteRanges; boundary=x']]],
  ['UTF-16', 200, [['Content-Type', 'text/plain; charset=utf-16']]],
  ['UTF-16, quoted', 200, [['Content-Type', 'text/plain;Charset="UTF-16LE"']]],
  ['UTF-32', 200, [['Content-Type', 'application/json; charset=utf-32be']]],
  ['UTF-7', 200, [['Content-Type', 'text/html; charset=utf-7']]],
  ['EBCDIC', 200, [['Content-Type', 'text/plain; charset=ibm1047']]],
  ['UTF-16, far from its name', 200, [['Content-Type', `text/html;charset${' '.repeat(40)}*0* =utf-16`]]],
  ['a charset nobody knows', 200, [['Content-Type', 'text/plain; charset=own']]],
  ['a second charset', 200, [['Content-Type', 'text/plain; charset=utf-8; charset=utf-16']]],
  [
    'a second type',
    200,
    [
      ['Content-Type', 'text/plain'],
      ['Content-Type', 'text/plain; charset=utf-16'],
    ],
  ],
])('S37: an answer that is %s cannot be searched', (_name, status, lines) => {
  expect(judge(status, lines)).toBeTypeOf('string');
});

test.each<Row>([
  ['no fields', 200, []],
  ['JSON in UTF-8', 200, [['Content-Type', 'application/json; charset=utf-8']]],
  ['Latin-1', 404, [['Content-Type', 'text/html; charset="ISO-8859-1"']]],
  [
    'identity',
    200,
    [
      ['Content-Encoding', 'Identity'],
      ['Content-Encoding', ''],
    ],
  ],
  ['a range not satisfiable', 416, [['Content-Range', 'bytes */40']]],
  ['an image', 200, [['Content-Type', 'image/png']]],
])('an answer with %s can', (_name, status, lines) => {
  expect(judge(status, lines)).toBeUndefined();
});

/** What comes of a body in these pieces: the bytes that passed, or `refused`. */
function start(...pieces: Buffer[]): string {
  const begin = new BodyStart();
  let passed: Buffer | undefined;
  for (const piece of pieces) {
    if (passed !== undefined) passed = Buffer.concat([passed, piece]);
    else {
      const verdict = begin.push(piece);
      if (verdict.kind === 'refuse') return 'refused';
      if (verdict.kind === 'pass') passed = verdict.bytes;
    }
  }
  if (passed !== undefined) return passed.toString('latin1');
  const verdict = begin.end();
  return verdict.kind === 'pass' ? verdict.bytes.toString('latin1') : 'refused';
}
const bytewise = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));
const text = Buffer.from('the secret is sk-real-4f9d0c71b2aa, as you may see');

test.each([
  ['gzip', gzipSync(text)],
  ...([1, 5, 6, 9] as const).map(
    (level) => [`zlib of level ${level}`, deflateSync(text, { level })] as const,
  ),
  ['zstd', Buffer.from('28b52ffd2000', 'hex')],
  ['zip', Buffer.from('504b030414000000', 'hex')],
  ['xz', Buffer.from('fd377a585a000004', 'hex')],
  ['bzip2', Buffer.from('425a6839314159', 'hex')],
  ['UTF-16 with a mark', Buffer.from('\ufeffsecret', 'utf16le')],
  ['UTF-16 with a mark, big-endian', Buffer.from('\ufeffsecret', 'utf16le').swap16()],
  ['UTF-32 with a mark', Buffer.from('fffe000073000000', 'hex')],
] as const)('S37: a body that is %s and does not say so is refused, however it is cut', (_name, body) => {
  expect(start(body)).toBe('refused');
  expect(start(...bytewise(body))).toBe('refused');
});

test.each([
  '{"a":1}',
  '[',
  '',
  'x',
  'x^',
  'x^2 + y^2 = z^2',
  'PK',
  'BZ',
  '\ufeff{"bom":"utf-8"}',
  'data: 1\n\n',
])('a body of %j passes whole', (body) => {
  const bytes = Buffer.from(body);
  expect(start(bytes)).toBe(bytes.toString('latin1'));
  expect(start(...bytewise(bytes))).toBe(bytes.toString('latin1'));
});

test('a stream of events is told by its first byte', () => {
  expect(new BodyStart().push(Buffer.from('d')).kind).toBe('pass');
  expect(new BodyStart().push(Buffer.from('{')).kind).toBe('pass');
});

test('property: a judged start is the body itself', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const whole = Buffer.from(bytes);
      expect([whole.toString('latin1'), 'refused']).toContain(start(...bytewise(whole)));
      expect(start(...bytewise(whole))).toBe(start(whole));
    }),
  );
});

test('what has no mark is not told: raw deflate and brotli pass, and only their label refuses them', () => {
  for (const body of [deflateRawSync(text), brotliCompressSync(text)])
    expect(start(body)).not.toBe('refused');
});
