/**
 * Fields that node:http2 leaves out (docs/decisions/047): what is judged, recorded and sent on is one list of fields, whatever an
 * agent or an upstream had put beside it.
 */
import { performServerHandshake, type IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';
import { header, json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const files = 'files.example.com';
const provider = 'api.openai.com';
let bed: GatewayBed;
afterEach(() => bed.close());

type Pair = readonly [string, string];

/** A value or a name that no field may have (RFC 9113 8.2.1), each with the name of a field that would be recorded. */
const odd: readonly Pair[] = [
  ['user-agent', 'q\r\nx-evil: 1'],
  ['user-agent', 'q\nx-evil: 1'],
  ['user-agent', 'q\rx'],
  ['user-agent', 'q\0x'],
  ['user-agent', 'q\x7fx'],
  ['user-agent', 'q\x01x'],
  ['user-agent', ' q'],
  ['user-agent', 'q '],
  ['user-agent: b', 'q'],
  ['user agent', 'q'],
  ['user-agent\r\nx-evil', 'q'],
  ['user-agent\0', 'q'],
  ['user-agent\xe9', 'q'],
  ['', 'q'],
];

async function open(alpn: 'h2' | 'http/1.1', serve: (socket: TLSSocket) => void): Promise<void> {
  bed = await openGatewayBed({ serve, alpn: [alpn] });
  bed.configure((ip, port) => createConfig(ip, port));
}

/** A call by hand, and the frames that came back once it is over. */
async function send(host: string, fields: readonly Pair[], body?: string): Promise<h2.SeenFrame[]> {
  const socket = await bed.dial(host, { alpn: ['h2'] });
  const frames = h2.readFrames(socket, false);
  const method = body === undefined ? 'GET' : 'POST';
  const head = h2.headers(1, h2.request(host, method, fields), body === undefined);
  const rest = body === undefined ? [] : [h2.data(1, body, true)];
  socket.write(Buffer.concat([h2.clientPreface, h2.settingsAck, head, ...rest]));
  await until(() => bed.records.length === 1, 'a record');
  return frames;
}

const last: Pair = ['x-last', 'z'];

function expectNothingRecorded(): void {
  const recorded = Object.keys(bed.records[0]?.attributes ?? {});
  expect(recorded.filter((name) => name.startsWith('http.request.header.'))).toEqual([]);
}

test('S28: fields of an HTTP/2 agent that are none go neither into the record nor to an upstream of HTTP/1.1', async () => {
  const seen: SeenRequest[] = [];
  await open(
    'http/1.1',
    serveHttp1(seen, () => 'HTTP/1.1 204 No\r\n\r\n'),
  );
  await send(files, [...odd, last]);
  expect(seen[0]?.head.fields.map(({ name }) => name)).toEqual(['host', 'x-last']);
  expectNothingRecorded();
});

test('S28: nor to an upstream of HTTP/2', async () => {
  const seen: IncomingHttpHeaders[] = [];
  await open('h2', (socket) => {
    performServerHandshake(socket).on('stream', (stream, headers) => {
      seen.push(headers);
      stream.respond({ ':status': 204 }, { endStream: true });
    });
  });
  await send(files, [...odd, last]);
  const names = Object.keys(seen[0] ?? {}).filter((name) => !name.startsWith(':'));
  expect(names).toEqual(['x-last']);
  expectNothingRecorded();
});

test('S28: a body is judged by the type that its upstream reads, not by one that was left out', async () => {
  const seen: SeenRequest[] = [];
  await open(
    'http/1.1',
    serveHttp1(seen, () => json(200, {})),
  );
  const path: Pair = [':path', '/v1/chat/completions'];
  const socket = await bed.dial(provider, { alpn: ['h2'] });
  socket.resume();
  const line = h2.request(provider, 'POST').map((pair) => (pair[0] === ':path' ? path : pair));
  const call = (stream: number, model: string): Buffer =>
    Buffer.concat([
      h2.headers(
        stream,
        [
          ...line,
          ['content-type', 'application/json'],
          ['content-type', 'text/plain\0'],
          ['authorization', 'mine\n'],
          ['content-encoding', 'gzip\r'],
        ],
        false,
      ),
      h2.data(stream, JSON.stringify({ model }), true),
    ]);
  socket.write(Buffer.concat([h2.clientPreface, h2.settingsAck, call(1, 'gpt-4o'), call(3, 'o1-pro')]));
  await until(() => bed.records.length === 2, 'two records');
  const decided = bed.records.map(({ attributes }) => [
    attributes['gen_ai.request.model'],
    attributes['clrk.decision'],
  ]);
  expect(decided).toEqual(
    expect.arrayContaining([
      ['gpt-4o', 'allow'],
      ['o1-pro', 'deny'],
    ]),
  );
  expect(seen).toHaveLength(1);
  const [sent] = seen;
  if (sent === undefined) throw new Error('nothing was sent');
  expect(header(sent, 'content-encoding')).toBeUndefined();
  expect(sent.head.fields.filter(({ name }) => name === 'content-type').map(({ value }) => value)).toEqual([
    'application/json',
  ]);
  expect(sent.head.fields.filter(({ name }) => name === 'authorization').map(({ value }) => value)).toEqual([
    `Bearer ${secret}`,
  ]);
});

test('S37: fields of an HTTP/2 upstream that are none do not reach the agent', async () => {
  const answer = (stream: number): Buffer =>
    h2.headers(stream, [[':status', '200'], ...odd, ['x-odd\0', secret], last], true);
  await open('h2', h2.serveFrames(answer));
  const frames = await send(files, []);
  await until(() => frames.some(({ endsStream }) => endsStream), 'the answer');
  const head = frames.find(({ type }) => type === h2.frameType.headers)?.payload.toString('latin1') ?? '';
  expect(head).not.toContain(secret);
  expect(head).not.toMatch(/evil|agent|odd/);
  const names = Object.keys(bed.records[0]?.attributes ?? {});
  expect(names.filter((name) => name.startsWith('http.response.header.'))).toEqual([]);
});
