/** An exchange whose upstream is large, slow, silent or wrong. */
import { expect, test } from 'vitest';
import { converse, until } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { json } from '../http1-upstream.ts';
import { chat, whole, useConversation } from './conversation.ts';

const talk = useConversation();

test('a body of 5 MB goes up and down with back-pressure, unchanged', async () => {
  const big = 'x'.repeat(5_000_000);
  talk.answer = (request) => json(200, { echo: request.body.length, pad: big });
  const agent = await talk.bed.dial('files.example.com');
  const request = `POST /up HTTP/1.1\r\nHost: files.example.com\r\nContent-Length: ${big.length}\r\n\r\n${big}`;
  const got = await converse(agent, request, (text) => text.endsWith('"}'));
  expect(got.length).toBeGreaterThan(5_000_000);
  expect(got).toContain('"echo":5000000');
});

test("an upstream that answers nonsense becomes a 502 in the caller's schema", async () => {
  talk.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab';
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 502[^]*x-clrk-error-code: UPSTREAM_PROTOCOL/);
});

test('an upstream that never answers becomes a 504', async () => {
  talk.bed.configure((ip, port) => {
    const config = createConfig(ip, port);
    return { ...config, upstream: { ...config.upstream, requestTimeoutMs: 200 } };
  });
  talk.answer = () => undefined;
  const agent = await talk.bed.dial('api.openai.com');
  expect(await converse(agent, chat('gpt-4o'), whole)).toMatch(/^HTTP\/1\.1 504/);
});

test('an upstream that breaks off in the middle of its answer is not mistaken for a complete one', async () => {
  talk.answer = (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.destroy());
    return undefined;
  };
  const agent = await talk.bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o'), () => false);
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_CLOSED');
});
