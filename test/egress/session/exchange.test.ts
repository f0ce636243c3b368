/** What of an exchange is allowed, and how a connection goes on: requests judged one by one, answers in order. */
import { expect, test } from 'vitest';
import { gatewayPolicyDigest } from '../../../contract/index.ts';
import { converse, until } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';
import { header, json, type SeenRequest } from '../http1-upstream.ts';
import { chat, whole, useConversation } from './conversation.ts';

const talk = useConversation();

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
};

test('an allowed chat call gets the real key, its answer, and one record with usage and cost', async () => {
  talk.answer = () => json(200, completion);
  let policy = '';
  talk.bed.configure((ip, port) => {
    const config = createConfig(ip, port);
    policy = gatewayPolicyDigest(config);
    return config;
  });
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => text.includes('"total_tokens":15'));
  expect(got).toMatch(/^HTTP\/1\.1 200/);
  expect(header(talk.seen[0] as SeenRequest, 'authorization')).toBe(`Bearer ${secret}`);
  await until(() => talk.bed.records.length === 1, 'one record');
  const [record] = talk.bed.records;
  expect(record?.name).toBe('chat gpt-4o');
  expect(record?.attributes).toMatchObject({
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 3,
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
    'clrk.decision': 'allow',
    'clrk.policy.digest': policy,
    'clrk.decision.route': 'AIProviderRoute/default/llm',
    'clrk.credential.policy': 'default/key',
    'http.response.status_code': 200,
  });
  expect(record?.attributes['clrk.cost.usd']).toBeCloseTo(12 * 2.5e-6 + 3 * 10e-6, 9);
  expect(JSON.stringify(talk.bed.records)).not.toContain(secret);
  agent.destroy();
});

test('a stream passes byte for byte and its usage is recorded', async () => {
  const events = [
    { id: 'c1', object: 'chat.completion.chunk', model: 'gpt-4o', choices: [{ delta: { content: 'a' } }] },
    {
      id: 'c1',
      object: 'chat.completion.chunk',
      model: 'gpt-4o',
      choices: [{ delta: {}, finish_reason: 'stop' }],
    },
    {
      id: 'c1',
      object: 'chat.completion.chunk',
      model: 'gpt-4o',
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 2 },
    },
  ];
  const stream = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;
  talk.answer = () =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n${stream.length.toString(16)}\r\n${stream}\r\n0\r\n\r\n`;
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => text.endsWith('0\r\n\r\n'));
  expect(got).toContain(stream);
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes).toMatchObject({
    'gen_ai.usage.input_tokens': 7,
    'gen_ai.usage.output_tokens': 2,
    'gen_ai.response.finish_reasons': ['stop'],
  });
});

test("a model no rule allows is refused in the provider's own schema, before anything leaves", async () => {
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('o1-preview'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 403/);
  const body = JSON.parse(got.split('\r\n\r\n')[1] ?? '') as { error: { type: string; code: string } };
  expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'EGRESS_DENIED' });
  expect(talk.seen).toHaveLength(0);
  expect(talk.bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'deny',
    'clrk.egress.deny_reason': 'model',
  });
});

test('S46: a second "model" member is refused even when it comes after padding', async () => {
  const body = `{"model":"gpt-4o",${' '.repeat(200)}"mod\\u0065l"${' '.repeat(200)}:"o1","messages":[]}`;
  const agent = await talk.bed.dial('api.openai.com');
  const request = `POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  expect(await converse(agent, request, whole)).toMatch(/^HTTP\/1\.1 400/);
  expect(talk.seen).toHaveLength(0);
});

test("an endpoint no rule names is refused in Anthropic's schema", async () => {
  const agent = await talk.bed.dial('api.anthropic.com');
  const request = 'GET /v1/organizations HTTP/1.1\r\nHost: api.anthropic.com\r\n\r\n';
  const got = await converse(agent, request, whole);
  expect(JSON.parse(got.split('\r\n\r\n')[1] ?? '')).toMatchObject({
    type: 'error',
    error: { type: 'permission_error' },
  });
});

test('S35: each request of a kept-alive connection is judged alone', async () => {
  const agent = await talk.bed.dial('api.openai.com');
  expect(await converse(agent, chat('gpt-4o'), whole)).toMatch(/^HTTP\/1\.1 200/);
  const evil = chat('gpt-4o').replace('Host: api.openai.com', 'Host: files.example.com');
  expect(await converse(agent, evil, whole)).toMatch(/^HTTP\/1\.1 421/);
  expect(talk.seen).toHaveLength(1);
});

test('a refused request without a body leaves the connection usable', async () => {
  const agent = await talk.bed.dial('api.openai.com');
  const denied = 'GET /v1/files HTTP/1.1\r\nHost: api.openai.com\r\n\r\n';
  expect(await converse(agent, denied, whole)).toMatch(/^HTTP\/1\.1 403/);
  expect(await converse(agent, chat('gpt-4o-mini'), whole)).toMatch(/^HTTP\/1\.1 200/);
});

test('pipelined requests are answered in order', async () => {
  let count = 0;
  talk.answer = () => json(200, { n: (count += 1) });
  const agent = await talk.bed.dial('files.example.com');
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: files.example.com\r\n\r\n`;
  const got = await converse(agent, get('/a') + get('/b') + get('/c'), (text) => text.includes('"n":3'));
  expect(got.match(/"n":\d/g)).toEqual(['"n":1', '"n":2', '"n":3']);
  expect(talk.seen.map(({ head }) => head.target)).toEqual(['/a', '/b', '/c']);
});

test('S28: a smuggled second request never reaches the upstream', async () => {
  const agent = await talk.bed.dial('files.example.com');
  const attack =
    'POST / HTTP/1.1\r\nHost: files.example.com\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: files.example.com\r\n\r\n';
  expect(await converse(agent, attack, whole)).toMatch(/^HTTP\/1\.1 400/);
  expect(talk.seen).toHaveLength(0);
});

test('S33: Connection may not strip a header, absolute targets and method overrides do not pass', async () => {
  const first = await talk.bed.dial('files.example.com');
  const strip = 'GET / HTTP/1.1\r\nHost: files.example.com\r\nConnection: authorization\r\n\r\n';
  expect(await converse(first, strip, whole)).toMatch(/^HTTP\/1\.1 400/);
  const second = await talk.bed.dial('files.example.com');
  const override =
    'GET / HTTP/1.1\r\nHost: files.example.com\r\nX-HTTP-Method-Override: DELETE\r\nX-Clrk-Fake: 1\r\n\r\n';
  expect(await converse(second, override, whole)).toMatch(/^HTTP\/1\.1 200/);
  expect(header(talk.seen[0] as SeenRequest, 'x-http-method-override')).toBeUndefined();
  expect(header(talk.seen[0] as SeenRequest, 'x-clrk-fake')).toBeUndefined();
});

test.each([
  '/v1/../admin',
  '/v1/%2e%2e/admin',
  '/v1//chat/completions',
  '/v1/chat%2fcompletions',
  '/v1/chat;x/completions',
])('S34: %s on a provider is refused', async (path) => {
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, `GET ${path} HTTP/1.1\r\nHost: api.openai.com\r\n\r\n`, whole);
  expect(got).toMatch(/^HTTP\/1\.1 400/);
  expect(talk.seen).toHaveLength(0);
});

test('S24: a redirect is handed to the agent, never followed', async () => {
  talk.answer = () => 'HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n';
  const agent = await talk.bed.dial('files.example.com');
  const got = await converse(agent, 'GET / HTTP/1.1\r\nHost: files.example.com\r\n\r\n', (text) =>
    text.endsWith('\r\n\r\n'),
  );
  expect(got).toMatch(/^HTTP\/1\.1 302/);
  expect(talk.seen).toHaveLength(1);
});

test('Expect: 100-continue is answered only for a call that is allowed', async () => {
  const allowed = await talk.bed.dial('files.example.com');
  const head =
    'POST /up HTTP/1.1\r\nHost: files.example.com\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';
  expect(await converse(allowed, head, (text) => text.includes('\r\n\r\n'))).toBe(
    'HTTP/1.1 100 Continue\r\n\r\n',
  );
  expect(await converse(allowed, 'abc', whole)).toMatch(/^HTTP\/1\.1 200/);
  expect(talk.seen[0]?.body).toBe('abc');
  const denied = await talk.bed.dial('api.openai.com');
  const bad = head.replace('files.example.com', 'api.openai.com').replace('/up', '/v1/../x');
  expect(await converse(denied, bad, whole)).toMatch(/^HTTP\/1\.1 400/);
});

test('an HTTP/1.0 client gets an answer it can read', async () => {
  talk.answer = () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
  const agent = await talk.bed.dial('files.example.com');
  const got = await converse(agent, 'GET / HTTP/1.0\r\nHost: files.example.com\r\n\r\n', () => false);
  expect(got).toMatch(/\r\n\r\nok$/);
  expect(got.toLowerCase()).not.toContain('transfer-encoding');
});
