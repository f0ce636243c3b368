/** What an agent gets of an answer that gives a key back, or that cannot be searched for it. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { converse, until } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';
import { json } from '../http1-upstream.ts';
import { chat, useConversation } from './conversation.ts';

const talk = useConversation();
const stars = '*'.repeat(secret.length);
const chunked = (...parts: string[]): string =>
  parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');

/** The upstream sends these bytes and, unless told otherwise, keeps the connection. */
async function get(answer: string, done: (text: string) => boolean, ends = false): Promise<string> {
  talk.answer = (_request, socket) => {
    socket.write(Buffer.from(answer, 'latin1'), () => {
      if (ends) socket.end();
    });
    return undefined;
  };
  const agent = await talk.bed.dial('api.openai.com');
  return converse(agent, chat('gpt-4o'), done);
}

async function recordOf(): Promise<string> {
  await until(() => talk.bed.records.length === 1, 'one record');
  const [record] = talk.bed.records;
  const bodies = (record?.events ?? []).map((event) =>
    Buffer.from(String(event.attributes['clrk.body.b64'] ?? ''), 'base64').toString('latin1'),
  );
  return JSON.stringify(record) + bodies.join();
}

test.each([
  [
    'a reason phrase',
    `HTTP/1.1 401 bad key ${secret}\r\nContent-Length: 0\r\n\r\n`,
    /401 bad key \*{20}\r\n/,
  ],
  ["a field's value", `HTTP/1.1 200 OK\r\nX-A: ${secret}\r\nContent-Length: 0\r\n\r\n`, /X-A: \*{20}\r\n/],
  [
    "a field's name",
    `HTTP/1.1 200 OK\r\nX-${secret}: 1\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n`,
    /200 OK\r\nX-B: 2\r\n/,
  ],
  [
    'a trailer',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('ok')}0\r\nX-T: ${secret}\r\n\r\n`,
    /X-T: \*{20}\r\n\r\n$/,
  ],
  [
    "a trailer's name",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('ok')}0\r\nX-${secret}: 1\r\nX-B: 2\r\n\r\n`,
    /0\r\nX-B: 2\r\n\r\n$/,
  ],
])('S37: a key in %s reaches neither the agent nor the record', async (_name, answer, expected) => {
  const got = await get(answer, (text) => expected.test(text));
  expect(got).toMatch(expected);
  expect(got.toLowerCase()).not.toContain(secret);
  expect(await recordOf()).not.toContain(secret);
});

test('S37: the record shows that a field was dropped', async () => {
  await get(`HTTP/1.1 200 OK\r\nX-${secret}: 1\r\nContent-Length: 0\r\n\r\n`, (text) =>
    text.endsWith('\r\n\r\n'),
  );
  expect(await recordOf()).toMatch(/\*{20,}/);
});

const zipped = gzipSync(`{"key":"${secret}"}`).toString('latin1');
const lengthOf = (body: string): string => `Content-Length: ${body.length}\r\n\r\n${body}`;

test.each([
  ['compressed', `Content-Encoding: gzip\r\n${lengthOf(zipped)}`],
  [
    'compressed, in a second field',
    `Content-Encoding: identity\r\nContent-Encoding: gzip\r\n${lengthOf(zipped)}`,
  ],
  ['compressed and not labelled', `Content-Type: application/json\r\n${lengthOf(zipped)}`],
  [
    'compressed and sent byte for byte',
    `Transfer-Encoding: chunked\r\n\r\n${chunked(...Array.from(zipped))}0\r\n\r\n`,
  ],
  ['in UTF-16', `Content-Type: text/plain; charset=utf-16\r\n${lengthOf('x')}`],
  ['in UTF-16 by its mark', lengthOf('\xff\xfes\0k\0')],
  ['a range', `Content-Range: bytes 0-3/20\r\n${lengthOf(secret.slice(0, 4))}`],
])('S37: an answer that is %s is refused before any byte of it', async (_name, rest) => {
  const got = await get(`HTTP/1.1 200 OK\r\n${rest}`, (text) => /\r\n\r\n.*\}$/s.test(text));
  expect(got).toMatch(/^HTTP\/1\.1 502 [^]*x-clrk-error-code: UPSTREAM_ENCODING/);
  expect(got).toContain('no credential is bound to');
  expect(await recordOf()).toContain('UPSTREAM_ENCODING');
});

test('S37: a part of a whole is refused, whatever its status line says of it', async () => {
  const got = await get(`HTTP/1.1 206 Partial Content\r\n${lengthOf(secret.slice(0, 4))}`, (text) =>
    /\r\n\r\n.*\}$/s.test(text),
  );
  expect(got).toMatch(/^HTTP\/1\.1 502 [^]*UPSTREAM_ENCODING/);
});

test('S37: a stream of events whose first bytes are compressed is broken off without them', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
  const got = await get(head + chunked(zipped), () => false);
  expect(got).not.toContain('\x1f\x8b');
  expect(got).not.toMatch(/0\r\n\r\n$/);
  expect(await recordOf()).toContain('UPSTREAM_ENCODING');
});

test('a stream of events has its head before its first event', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
  expect(await get(head, (text) => text.endsWith('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 200/);
});

test('an answer without a body, and one that is shorter than any mark, come whole', async () => {
  expect(await get('HTTP/1.1 204 No Content\r\n\r\n', (text) => text.endsWith('\r\n\r\n'))).toMatch(
    /^HTTP\/1\.1 204/,
  );
  expect(await get('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nP', (text) => text.endsWith('P'))).toMatch(
    /P$/,
  );
});

test('where no credential was injected, compressed answers and ranges pass as they are', async () => {
  talk.bed.configure((ip, port) => createConfig(ip, port, { credentials: [] }));
  const answer = `HTTP/1.1 206 Partial\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-3/20\r\n${lengthOf(zipped)}`;
  expect(await get(answer, (text) => text.endsWith(zipped))).toContain(zipped);
});

test.each([
  ['the connection is cut within its length', `Content-Length: 100\r\n\r\n{"k":"${secret.slice(0, -1)}`],
  [
    'its chunks end in nonsense',
    `Transfer-Encoding: chunked\r\n\r\n${chunked(`{"k":"${secret.slice(0, -1)}`)}zz\r\n`,
  ],
  ['it ends with the connection', `\r\n{"k":"${secret.slice(0, -1)}`],
  ['it ends with the connection, whole', `\r\n{"k":"${secret}`],
])('S55: of a body with a key in its last bytes, nothing of the key passes when %s', async (_name, rest) => {
  const got = await get(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${rest}`,
    (text) => text.endsWith('0\r\n\r\n'),
    true,
  );
  expect(got).not.toContain(secret.slice(0, 6));
  const text = await recordOf();
  expect(text).not.toContain(secret.slice(0, 6));
});

const upgrade =
  'GET /v1/responses HTTP/1.1\r\nHost: api.openai.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n';
const switched = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

test('S37: a key in the head of a switch to WebSocket does not pass', async () => {
  talk.answer = () => `${switched}X-A: ${secret}\r\nX-${secret}: 1\r\n\r\n`;
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, upgrade, (text) => text.endsWith('\r\n\r\n'));
  expect(got).toMatch(/^HTTP\/1\.1 101 [^]*X-A: \*{20}\r\n/);
  expect(got).not.toContain(secret);
  agent.destroy();
  expect(await recordOf()).not.toContain(secret);
});

test('S37: a WebSocket whose upstream agrees to an extension nobody asked for is refused', async () => {
  talk.answer = () => `${switched}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, upgrade, (text) => /\r\n\r\n.*\}$/s.test(text));
  expect(got).toMatch(/^HTTP\/1\.1 502 [^]*UPSTREAM_ENCODING/);
});

test('S37: a key as JSON with lengths known comes back as long as it was announced', async () => {
  talk.answer = () => json(401, { error: `bad key ${secret}` });
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => /\r\n\r\n.*\}$/s.test(text));
  expect(got).toContain(`bad key ${stars}"`);
});
