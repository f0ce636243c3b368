/** Trailers of an agent's request go on where they can, without what only a head may say; what does not go on is told in the record. */
import { connect as connectHttp2, performServerHandshake } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createRequestDecoder } from '../../../egress/http1/index.ts';
import { httpPolicy, httpRoute, match } from '../../decision/http/http-policy.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';

const plain = 'files.example.com';
/** A host where the gateway puts a key. */
const keyed = 'api.openai.com';
let bed: GatewayBed;
let seen: Record<string, string> | undefined;
afterEach(() => bed.close());

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

function serveHttp1(socket: TLSSocket): void {
  const decoder = createRequestDecoder();
  socket.on('data', (chunk: Buffer) => {
    decoder.push(chunk);
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.type !== 'end') continue;
      seen = Object.fromEntries(event.trailers.map(({ name, value }) => [name, value]));
      socket.write(answer);
    }
  });
}

function serveHttp2(socket: TLSSocket): void {
  const session = performServerHandshake(socket);
  session.on('error', () => undefined);
  session.on('stream', (stream) => {
    let trailers: Record<string, string> = {};
    stream.on('error', () => undefined);
    stream.on('trailers', (fields) => {
      trailers = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
    });
    stream.resume();
    stream.on('end', () => {
      seen = trailers;
      stream.respond({ ':status': 200 });
      stream.end('hi');
    });
  });
}

async function open(upstream: 'h1' | 'h2'): Promise<void> {
  seen = undefined;
  bed = await openGatewayBed(upstream === 'h1' ? { serve: serveHttp1 } : { serve: serveHttp2, alpn: ['h2'] });
  bed.configure((ip, port) => createConfig(ip, port));
}

interface Call {
  readonly host: string;
  readonly trailers: Record<string, string>;
  readonly body?: string;
  readonly length?: number;
}

async function callHttp1({ host, trailers, body = '{}' }: Call): Promise<void> {
  const agent = await bed.dial(host);
  const text = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST /v1/files HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const bytes = `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n${text.join('')}\r\n`;
  await converse(agent, bytes, (received) => received.includes('\r\n\r\n'));
  agent.destroy();
}

async function callHttp2({ host, trailers, body = '{}', length }: Call): Promise<void> {
  const socket = await bed.dial(host, { alpn: ['h2'] });
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  const announced = length === undefined ? {} : { 'content-length': length };
  const head = { ':method': 'POST', ':path': '/v1/files', ':authority': host, ...announced };
  const stream = session.request(
    { ...head, 'content-type': 'application/json' },
    { waitForTrailers: true, endStream: false },
  );
  stream.on('error', () => undefined);
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.resume();
  stream.end(body);
  await until(() => stream.closed, 'the answer');
  session.destroy();
}

const dropped = (): unknown => bed.records[0]?.attributes['clrk.request.trailers_dropped'];

test.each([
  ['HTTP/1.1 to HTTP/1.1', callHttp1, 'h1'],
  ['HTTP/1.1 to HTTP/2', callHttp1, 'h2'],
  ['HTTP/2 to HTTP/1.1', callHttp2, 'h1'],
  ['HTTP/2 to HTTP/2', callHttp2, 'h2'],
] as const)('%s: trailers go on', async (_name, call, upstream) => {
  await open(upstream);
  await call({ host: plain, trailers: { 'x-checksum': 'abc', 'grpc-status': '0' } });
  expect(seen).toEqual({ 'x-checksum': 'abc', 'grpc-status': '0' });
  await until(() => bed.records.length === 1, 'a record');
  expect(dropped()).toBeUndefined();
});

/** Each of them is refused, changed or ours in a head. */
const forbidden = [
  ...['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Trailer', 'TE', 'Upgrade', 'Expect'],
  ...['Authorization', 'X_Api_Key', 'Cookie', 'Proxy-Authorization', 'x-goog-api-key'],
  ...['Content-Type', 'Content-Encoding', 'Range', 'If-Match', 'If_None_Match', 'Accept-Encoding'],
  ...['X-HTTP-Method-Override', 'X-Original-URL', 'X-Forwarded-Host', 'x-clrk-agent', 'Max-Forwards'],
];

test.each(forbidden)('S33: %s is no trailer, and the record counts it', async (name) => {
  await open('h1');
  await callHttp1({ host: plain, trailers: { [name]: 'smuggled', 'x-checksum': 'abc' } });
  await until(() => bed.records.length === 1, 'a record');
  expect(seen).toEqual({ 'x-checksum': 'abc' });
  expect(dropped()).toBe(1);
});

test('S42: no trailer says what our key says', async () => {
  await open('h1');
  await callHttp1({ host: keyed, trailers: { authorization: `Bearer ${secret}x`, 'x-checksum': 'abc' } });
  await until(() => bed.records.length === 1, 'a record');
  expect(JSON.stringify(seen ?? {})).not.toContain(secret);
});

test('behind a body of known length there are no trailers, and the record says so', async () => {
  await open('h1');
  await callHttp2({ host: plain, trailers: { 'x-checksum': 'abc' }, body: 'hello', length: 5 });
  await until(() => bed.records.length === 1, 'a record');
  expect(seen).toEqual({});
  expect(dropped()).toBe(1);
});

test('S33: where rules ask for header fields, no trailer says what the head did not', async () => {
  await open('h1');
  const other = { methods: ['PUT'], headers: [{ name: 'x-mode', values: ['safe'] }] };
  bed.configure((ip, port) =>
    createConfig(ip, port, httpPolicy([httpRoute([match({ methods: ['POST'] }), match(other)])], { port })),
  );
  await callHttp1({ host: plain, trailers: { 'x-mode': 'danger' } });
  await until(() => bed.records.length === 1, 'a record');
  expect(seen).toEqual({});
  expect(dropped()).toBe(1);
});
