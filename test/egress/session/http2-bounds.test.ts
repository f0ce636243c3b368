/** An HTTP/2 agent is bounded like one of HTTP/1.1, and its fields and those of its upstream never throw. */
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { http2Agent } from '../../../egress/session/http2-session.ts';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';
import { serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const host = 'files.example.com';
const seen: SeenRequest[] = [];
let bed: GatewayBed;
afterEach(() => bed.close());

async function open(answer: string | undefined): Promise<void> {
  seen.length = 0;
  bed = await openGatewayBed({ serve: serveHttp1(seen, () => answer) });
  bed.configure((ip, port) => createConfig(ip, port));
}

async function client(): Promise<ClientHttp2Session> {
  const socket = await bed.dial(host, { alpn: ['h2'] });
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}

interface Answered {
  readonly headers: IncomingHttpHeaders & { ':status'?: number | undefined };
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
}

function call(
  session: ClientHttp2Session,
  fields: Record<string, string | string[]> = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/', ':authority': host, ...fields });
    let answered: Answered = { headers: {}, trailers: {}, body: '' };
    stream.on('response', (headers) => (answered = { ...answered, headers }));
    stream.on('trailers', (trailers) => (answered = { ...answered, trailers }));
    stream.on(
      'data',
      (chunk: Buffer) => (answered = { ...answered, body: answered.body + chunk.toString() }),
    );
    stream.on('end', () => resolve(answered));
    stream.on('error', reject);
  });
}

test.each([
  ['the same type', 'Content-Type: a/b\r\nContent-Type: a/b\r\n', { 'content-type': 'a/b' }],
  ['two types', 'Content-Type: a/b\r\nContent-Type: a/c\r\n', { 'content-type': 'a/b, a/c' }],
  ['two ages', 'Age: 1\r\nAge: 2\r\n', { age: '1, 2' }],
  ['two odd names', '__proto__: x\r\nconstructor: y\r\n', { constructor: 'y' }],
])('S29: an upstream that answers an HTTP/2 agent with %s ends nothing', async (_name, fields, expected) => {
  await open(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nhi`);
  const answered = await call(await client());
  expect(answered.headers).toMatchObject({ ':status': 200, ...expected });
  expect(answered.body).toBe('hi');
});

test('S29: doubled trailers pass too', async () => {
  await open(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nETag: a\r\nETag: b\r\n\r\n',
  );
  expect((await call(await client())).trailers).toMatchObject({ etag: 'a, b' });
});

test('crumbs of a cookie join toward HTTP/1.1', async () => {
  await open('HTTP/1.1 204 No\r\n\r\n');
  await call(await client(), { cookie: ['a=1', 'b=2'] });
  expect(seen[0]?.head.fields.filter(({ name }) => name === 'cookie').map(({ value }) => value)).toEqual([
    'a=1; b=2',
  ]);
});

test('100 Continue is sent to who asked for it, and to nobody else', async () => {
  await open('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
  const session = await client();
  const interim = (fields: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': host, ...fields });
      let count = 0;
      stream.on('headers', () => (count += 1));
      stream.on('response', () => resolve(count));
      stream.on('error', reject);
      stream.resume();
      stream.end('x');
    });
  expect(await interim({})).toBe(0);
  expect(await interim({ expect: '100-continue' })).toBe(1);
});

test("S54: streams have an agent's share, whatever the number of its connections, and the next is told", async () => {
  await open(undefined);
  const sessions = await Promise.all(Array.from({ length: 6 }, () => client()));
  let limited = 0;
  for (const session of sessions) {
    for (let index = 0; index < 100; index += 1) {
      const stream = session.request({ ':path': '/', ':authority': host });
      stream.on('error', () => undefined);
      stream.on('response', (headers) => {
        if (headers[':status'] === 429 && headers['x-clrk-error-code'] === 'AGENT_LIMIT') limited += 1;
      });
    }
  }
  await until(() => limited === 600 - 512, 'the limit');
  const denied = bed.records.filter(({ attributes }) => attributes['clrk.egress.deny_reason'] === 'limit');
  expect(denied).toHaveLength(600 - 512);
  for (const session of sessions) session.destroy();
  await until(() => bed.core.connections === 0, 'all gone');
  const after = await client();
  const stream = after.request({ ':path': '/', ':authority': host });
  let status = 0;
  stream.on('error', () => undefined);
  stream.on('response', (headers) => (status = headers[':status'] ?? 0));
  await until(() => seen.length > 0, 'a call of the same agent to reach the upstream again');
  expect(status).toBe(0);
  after.destroy();
});

test('S29: a flood of PINGs ends, what gRPC sends while it works does not', async () => {
  await open(undefined);
  const socket = await bed.dial(host, { alpn: ['h2'] });
  socket.resume();
  const ping = h2.frame(h2.frameType.ping, 0, 0, Buffer.alloc(8));
  const pings = Buffer.concat(Array.from({ length: http2Agent.maxIdlePings * 2 }, () => ping));
  socket.write(Buffer.concat([h2.clientPreface, h2.headers(1, h2.request(host), true), pings]));
  await until(() => seen.length === 1, 'the call');
  expect(bed.core.connections).toBe(1);
  const idle = await bed.dial(host, { alpn: ['h2'] });
  idle.resume();
  idle.write(Buffer.concat([h2.clientPreface, pings]));
  await until(() => bed.core.connections === 1, 'the flooding connection to end');
  expect(bed.records.at(-1)?.attributes['clrk.egress.deny_reason']).toBe('protocol');
  socket.destroy();
});

test('S30: a request without an end is over with its answer, and an idle connection ends', async () => {
  await open('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
  const socket = await bed.dial(host, { alpn: ['h2'] });
  // An agent that does not close when it is asked to.
  socket.allowHalfOpen = true;
  const frames = h2.readFrames(socket, false);
  const denied = h2.headers(1, h2.request('evil.example.com', 'POST'), false);
  socket.write(Buffer.concat([h2.clientPreface, h2.settingsAck, denied]));
  await until(() => frames.some(({ type }) => type === h2.frameType.reset), 'the end of the stream');
  expect(frames.findIndex(({ endsStream }) => endsStream)).toBeLessThan(
    frames.findIndex(({ type }) => type === h2.frameType.reset),
  );
  bed.advance(http2Agent.idleMs + 1);
  await new Promise((resolve) => setTimeout(resolve, 250));
  bed.advance(http2Agent.graceMs + 1);
  await until(() => bed.core.connections === 0, 'the idle connection to end');
});

test('S33: a path over HTTP/2 that is not visible ASCII is refused and recorded', async () => {
  await open('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
  const socket = await bed.dial(host, { alpn: ['h2'] });
  const frames = h2.readFrames(socket, false);
  const line = h2
    .request(host)
    .map(([name, value]) => [name, name === ':path' ? '/a\xc4\x8a' : value] as const);
  socket.write(Buffer.concat([h2.clientPreface, h2.headers(1, line, true)]));
  await until(() => frames.some(({ endsStream }) => endsStream), 'the answer');
  expect(seen).toHaveLength(0);
  expect(bed.records[0]?.attributes['clrk.egress.deny_reason']).toBe('protocol');
});

test.each([
  [
    'both lengths',
    `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
  ],
  ['a bad field', `GET / HTTP/1.1\r\nHost: ${host}\r\nbad field: x\r\n\r\n`],
  ['CONNECT', 'CONNECT evil:443 HTTP/1.1\r\n\r\n'],
])('S28: a refused head leaves a record with its reason: %s', async (_name, text) => {
  await open(undefined);
  const socket = await bed.dial(host);
  socket.resume();
  socket.write(text);
  await until(() => bed.records.length === 1, 'a record');
  expect(bed.records[0]?.attributes['clrk.egress.deny_reason']).toBe('protocol');
  expect(bed.records[0]?.errorMessage).toMatch(/^protocol: ./);
});

test('an agent of HTTP/1.0 finds its protocol in ALPN', async () => {
  await open('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
  const socket = await bed.dial(host, { alpn: ['http/1.0'] });
  let got = '';
  socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
  socket.write(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
  await until(() => got.endsWith('hi'), 'the answer');
});
