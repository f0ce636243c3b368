/** What agents and upstreams say in a fuzz run: sentences that are nearly right, then changed, cut and put together at random. */
import * as h2 from '../egress/http2-frames.ts';
import type { Random } from './random.ts';

export type Wire = 'h1' | 'h2';

const odd = [
  ...[
    'Content-Length: 5',
    'Content-Length: 99999999999999',
    'Transfer-Encoding: chunked',
    'Connection: close',
  ],
  ...['Content-Type: application/json', 'Content-Encoding: gzip', 'Expect: 100-continue', 'TE: trailers'],
  ...['Cookie: a=1', 'X-Y: \x80\xff', 'Content-Type: multipart/form-data; boundary=b', 'Trailer: x'],
  ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='],
  ...[
    'Content-Type: text/event-stream',
    'ETag: "a"',
    'ETag: "b"',
    'Retry-After: x',
    '__proto__: x',
    'constructor: y',
  ],
] as const;
const paths = [
  '/',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages',
  '/%2e%2e/x',
  '/a?b=%zz&model=x',
  '*',
] as const;
const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PRI', 'get'] as const;

function json(random: Random, depth = 0): string {
  const scalar = (): string =>
    random.pick(['1', '-0', '1e999', 'true', 'null', '"a"', '"\\u0000\\ud800"', '"\\', '[', '{', '"model":']);
  if (depth > 6 || random.chance(0.3)) return scalar();
  const members = Array.from({ length: random.below(5) }, () => json(random, depth + 1));
  if (random.chance(0.5)) return `[${members.join(',')}]`;
  const name = (): string =>
    random.pick(['"model"', '"stream"', '"messages"', '"__proto__"', '"tools"', '"mod\\u0065l"']);
  return `{${members.map((member) => `${name()}:${member}`).join(',')}}`;
}

function events(random: Random): string {
  const line = (): string =>
    random.pick([
      ...([
        'data: {"choices":[{"delta":{"content":"x"}}]}',
        'data: [DONE]',
        ': ping',
        'event: message_stop',
      ] as const),
      ...([
        'data: {"usage":{"prompt_tokens":3,"completion_tokens":1e99}}',
        'data',
        'id: 1',
        'retry: x',
      ] as const),
    ] as unknown as readonly [string, ...string[]]);
  return Array.from(
    { length: 1 + random.below(30) },
    () => line() + random.pick(['\n', '\r', '\r\n', '\n\n']),
  ).join('');
}

export function body(random: Random): string {
  const deep = (): string => '['.repeat(random.below(20_000));
  const wide = (): string =>
    `{${Array.from({ length: random.below(5_000) }, (_, at) => `"k${at}":${at}`).join(',')}}`;
  const model = (): string => '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":true}';
  const kinds: readonly [() => string, ...Array<() => string>] = [
    () => json(random),
    () => events(random),
    deep,
    wide,
    model,
  ];
  return random.pick(kinds)();
}

function chunked(random: Random, text: string): string {
  const size = 1 + random.below(text.length + 1);
  const parts = text.match(new RegExp(`[\\s\\S]{1,${Math.min(size, 60_000)}}`, 'g')) ?? [];
  const lines = parts.map((part) => `${Buffer.byteLength(part, 'latin1').toString(16)}\r\n${part}\r\n`);
  return `${lines.join('')}0\r\n${random.chance(0.3) ? 'x-t: 1\r\n' : ''}\r\n`;
}

function message(random: Random, first: string, host: string | undefined): string {
  const extra = Array.from({ length: random.below(4) }, () => random.pick(odd));
  const text = body(random);
  const framed = random.chance(0.5);
  const framing = framed
    ? 'Transfer-Encoding: chunked'
    : `Content-Length: ${Buffer.byteLength(text, 'latin1')}`;
  const lines = [
    first,
    ...(host === undefined ? [] : [`Host: ${host}`]),
    'Content-Type: application/json',
    framing,
    ...extra,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${framed ? chunked(random, text) : text}`;
}

function request(random: Random, host: string): string {
  return message(
    random,
    `${random.pick(methods)} ${random.pick(paths)} HTTP/1.${random.pick(['1', '1', '0'])}`,
    host,
  );
}

function upgrade(host: string): string {
  return `GET /s HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
}

/** Frames of RFC 6455, most of them right. */
export function webSocketFrames(random: Random, masked: boolean): Buffer {
  const frame = (): Buffer => {
    const payload = random.bytes(random.pick([0, 1, 125, 126, 127, 200]));
    const short = payload.length < 126 ? payload.length : 126;
    const head = Buffer.from([
      random.pick([0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8a, 0xc1, 0x83]),
      short | (masked ? 0x80 : 0),
    ]);
    const long = short === 126 ? Buffer.from([payload.length >> 8, payload.length & 255]) : Buffer.alloc(0);
    return Buffer.concat([head, long, ...(masked ? [Buffer.alloc(4)] : []), payload]);
  };
  return Buffer.concat(Array.from({ length: 1 + random.below(12) }, frame));
}

function http2Frames(random: Random, host: string, server: boolean): Buffer {
  const one = (): Buffer => {
    const id = random.pick([1, 3, 5, 7, 2, 0]);
    const names = random.pick(['te', 'content-length', 'cookie', 'x', 'constructor', 'etag', 'content-type']);
    const head = server
      ? [[':status', random.pick(['200', '204', '99', '103', '999'])] as const]
      : h2.request(host, random.pick(methods));
    return random.pick<() => Buffer>([
      () =>
        h2.headers(id, [...head, [names, random.pick(['1', 'trailers', 'a\0b', ''])]], random.chance(0.5)),
      () => h2.headers(id, head, random.chance(0.5)),
      () => h2.data(id, body(random).slice(0, 16_000), random.chance(0.3)),
      () => h2.reset(id, random.below(14)),
      () => h2.goaway(random.below(8), random.below(14)),
      () => h2.frame(random.below(12), random.below(256), id, random.bytes(random.below(40))),
      () => h2.frame(h2.frameType.ping, 0, 0, Buffer.alloc(8)),
      () => h2.settingsAck,
    ])();
  };
  return Buffer.concat([
    server ? h2.settings : h2.clientPreface,
    ...Array.from({ length: 1 + random.below(12) }, one),
  ]);
}

/** Some bytes changed, dropped or doubled. */
function mutate(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0 || random.chance(0.4)) return bytes;
  const copy = Buffer.from(bytes);
  for (let count = random.below(6); count > 0; count -= 1)
    copy[random.below(copy.length)] = random.below(256);
  if (random.chance(0.2)) return copy.subarray(0, random.below(copy.length));
  return random.chance(0.1) ? Buffer.concat([copy, copy]) : copy;
}

export function fromAgent(random: Random, wire: Wire, host: string): Buffer {
  if (wire === 'h2') return mutate(random, http2Frames(random, host, false));
  if (random.chance(0.2))
    return Buffer.concat([Buffer.from(upgrade(host)), mutate(random, webSocketFrames(random, true))]);
  const count = 1 + random.below(3);
  return mutate(
    random,
    Buffer.from(Array.from({ length: count }, () => request(random, host)).join(''), 'latin1'),
  );
}

export function fromUpstream(random: Random, wire: Wire): Buffer {
  if (wire === 'h2') return mutate(random, http2Frames(random, '', true));
  if (random.chance(0.2)) {
    const switched = 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    return Buffer.concat([Buffer.from(switched), mutate(random, webSocketFrames(random, false))]);
  }
  const status = random.pick(['200 OK', '204 N', '304 N', '101 S', '100 C', '500 E', '999 X', '206 P']);
  return mutate(random, Buffer.from(message(random, `HTTP/1.1 ${status}`, undefined), 'latin1'));
}
