/** Fields of a peer against node:http2 itself: whatever arrives can be sent on, and a field is never made up. */
import fc from 'fast-check';
import { connect, createServer, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import { foldCookies, fromRawHeaders, toHttp2Headers } from '../../../egress/upstream/http2-fields.ts';

/** Every field node:http2 has a name for, and those an object without care would have of its own. */
const names = [
  ...['age', 'authorization', 'content-type', 'date', 'dnt', 'etag', 'expires', 'from', 'if-range'],
  ...['content-encoding', 'content-language', 'content-location', 'content-md5', 'content-range', 'cookie'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'last-modified', 'location'],
  ...['max-forwards', 'proxy-authorization', 'range', 'referer', 'retry-after', 'tk', 'user-agent'],
  ...['upgrade-insecure-requests', 'x-content-type-options', 'access-control-max-age', 'set-cookie', 'te'],
  ...['access-control-allow-credentials', 'access-control-request-method', 'connection', 'keep-alive'],
  ...['transfer-encoding', 'upgrade', 'http2-settings', 'proxy-connection', 'x-any', 'link', 'vary'],
  ...['constructor', '__proto__', 'tostring', 'hasownproperty'],
];

let server: Http2Server;
let seen: string[] = [];
beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream, _headers, _flags, ...more: unknown[]) => {
    seen = more[0] as string[];
    stream.respond();
    stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

test.each(names)('two fields named %s never throw in node:http2, as request or as answer', async (name) => {
  const fields = [createField(name, 'one'), createField(name, 'two')];
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const stream = client.request(toHttp2Headers(fields, { ':path': '/' }));
    await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.on('response', resolve);
      stream.on('error', reject);
    });
    const values = fromRawHeaders(seen)
      .filter((field) => field.name === name)
      .map(({ value }) => value);
    expect([[], ['one', 'two'], ['one, two'], ['one; two']]).toContainEqual(values);
  } finally {
    client.destroy();
  }
});

test('a repeated value is sent once, `constructor` and `__proto__` as they came', () => {
  const fields = ['constructor', '__proto__'].map((name) => createField(name, 'x'));
  const headers = toHttp2Headers([...fields, createField('ETag', '"a"'), createField('ETag', '"a"')]);
  expect(Object.entries(headers)).toEqual([
    ['constructor', 'x'],
    ['__proto__', 'x'],
    ['etag', '"a"'],
  ]);
});

test('property: crumbs of a cookie become one field in their order and nothing else moves', () => {
  const field = fc.record({ name: fc.constantFrom('cookie', 'x-a', 'x-b'), value: fc.string() });
  fc.assert(
    fc.property(fc.array(field), (list) => {
      const fields = list.map(({ name, value }) => createField(name, value));
      const folded = foldCookies(fields);
      const crumbs = fields.filter(({ name }) => name === 'cookie').map(({ value }) => value);
      expect(folded.filter(({ name }) => name === 'cookie').map(({ value }) => value)).toEqual(
        crumbs.length === 0 ? [] : [crumbs.join('; ')],
      );
      const others = (all: typeof folded): unknown[] => all.filter(({ name }) => name !== 'cookie');
      expect(others(folded)).toEqual(others(fields));
    }),
  );
});
