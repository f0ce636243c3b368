import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { converse, createConfig, openGatewayBed, secret, until, type GatewayBed } from '../gateway-bed.ts';
import { header, json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const seen: SeenRequest[] = [];
let answer: Parameters<typeof serveHttp1>[1] = () => json(200, { ok: true });
let bed: GatewayBed;

beforeAll(async () => {
  bed = await openGatewayBed({ serve: serveHttp1(seen, (request, socket) => answer(request, socket)) });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
  bed.records.length = 0;
  answer = () => json(200, { ok: true });
  bed.configure((ip, port) => createConfig(ip, port));
});

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
};

function chat(model: string, extra = ''): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] });
  return `POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer placeholder\r\nContent-Type: application/json\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
}

test('an allowed chat call gets the real key, its answer, and one record with usage and cost', async () => {
  answer = () => json(200, completion);
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => text.includes('"total_tokens":15'));
  expect(got).toMatch(/^HTTP\/1\.1 200/);
  expect(header(seen[0] as SeenRequest, 'authorization')).toBe(`Bearer ${secret}`);
  await until(() => bed.records.length === 1, 'one record');
  const [record] = bed.records;
  expect(record?.name).toBe('chat gpt-4o');
  expect(record?.attributes).toMatchObject({
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 3,
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
    'clrk.decision': 'allow',
    'clrk.decision.route': 'AIProviderRoute/default/llm',
    'clrk.credential.policy': 'default/key',
    'clrk.credential.smuggled': true,
    'http.response.status_code': 200,
  });
  expect(record?.attributes['clrk.cost.usd']).toBeCloseTo(12 * 2.5e-6 + 3 * 10e-6, 9);
  expect(JSON.stringify(bed.records)).not.toContain(secret);
  agent.destroy();
});

const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);

test("a model no rule allows is refused in the provider's own schema, before anything leaves", async () => {
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('o1-preview'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 403/);
  const body = JSON.parse(got.split('\r\n\r\n')[1] ?? '') as { error: { type: string; code: string } };
  expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'EGRESS_DENIED' });
  expect(seen).toHaveLength(0);
  expect(bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'deny',
    'clrk.egress.deny_reason': 'model',
  });
});

test('S46: a second "model" member is refused even when it comes after padding', async () => {
  const body = `{"model":"gpt-4o",${' '.repeat(200)}"mod\\u0065l"${' '.repeat(200)}:"o1","messages":[]}`;
  const agent = await bed.dial('api.openai.com');
  const request = `POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  expect(await converse(agent, request, whole)).toMatch(/^HTTP\/1\.1 403/);
  expect(seen).toHaveLength(0);
});

test("an endpoint no rule names is refused in Anthropic's schema", async () => {
  const agent = await bed.dial('api.anthropic.com');
  const request = 'GET /v1/organizations HTTP/1.1\r\nHost: api.anthropic.com\r\n\r\n';
  const got = await converse(agent, request, whole);
  expect(JSON.parse(got.split('\r\n\r\n')[1] ?? '')).toMatchObject({
    type: 'error',
    error: { type: 'permission_error' },
  });
});

test('S35: each request of a kept-alive connection is judged alone', async () => {
  const agent = await bed.dial('api.openai.com');
  expect(await converse(agent, chat('gpt-4o'), whole)).toMatch(/^HTTP\/1\.1 200/);
  const evil = chat('gpt-4o').replace('Host: api.openai.com', 'Host: files.example.com');
  expect(await converse(agent, evil, whole)).toMatch(/^HTTP\/1\.1 421/);
  expect(seen).toHaveLength(1);
});

test('a refused request without a body leaves the connection usable', async () => {
  const agent = await bed.dial('api.openai.com');
  const denied = 'GET /v1/files HTTP/1.1\r\nHost: api.openai.com\r\n\r\n';
  expect(await converse(agent, denied, whole)).toMatch(/^HTTP\/1\.1 403/);
  expect(await converse(agent, chat('gpt-4o-mini'), whole)).toMatch(/^HTTP\/1\.1 200/);
});

test('pipelined requests are answered in order', async () => {
  let count = 0;
  answer = () => json(200, { n: (count += 1) });
  const agent = await bed.dial('files.example.com');
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: files.example.com\r\n\r\n`;
  const got = await converse(agent, get('/a') + get('/b') + get('/c'), (text) => text.includes('"n":3'));
  expect(got.match(/"n":\d/g)).toEqual(['"n":1', '"n":2', '"n":3']);
  expect(seen.map(({ head }) => head.target)).toEqual(['/a', '/b', '/c']);
});

test('S28: a smuggled second request never reaches the upstream', async () => {
  const agent = await bed.dial('files.example.com');
  const attack =
    'POST / HTTP/1.1\r\nHost: files.example.com\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: files.example.com\r\n\r\n';
  expect(await converse(agent, attack, whole)).toMatch(/^HTTP\/1\.1 400/);
  expect(seen).toHaveLength(0);
});

test('S33: Connection may not strip a header, absolute targets and method overrides do not pass', async () => {
  const first = await bed.dial('files.example.com');
  const strip = 'GET / HTTP/1.1\r\nHost: files.example.com\r\nConnection: authorization\r\n\r\n';
  expect(await converse(first, strip, whole)).toMatch(/^HTTP\/1\.1 400/);
  const second = await bed.dial('files.example.com');
  const override =
    'GET / HTTP/1.1\r\nHost: files.example.com\r\nX-HTTP-Method-Override: DELETE\r\nX-Clrk-Fake: 1\r\n\r\n';
  expect(await converse(second, override, whole)).toMatch(/^HTTP\/1\.1 200/);
  expect(header(seen[0] as SeenRequest, 'x-http-method-override')).toBeUndefined();
  expect(header(seen[0] as SeenRequest, 'x-clrk-fake')).toBeUndefined();
});

test.each([
  '/v1/../admin',
  '/v1/%2e%2e/admin',
  '/v1//chat/completions',
  '/v1/chat%2fcompletions',
  '/v1/chat;x/completions',
])('S34: %s on a provider is refused', async (path) => {
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, `GET ${path} HTTP/1.1\r\nHost: api.openai.com\r\n\r\n`, whole);
  expect(got).toMatch(/^HTTP\/1\.1 400/);
  expect(seen).toHaveLength(0);
});

const forms: ReadonlyArray<readonly [string, string]> = [
  ['raw', secret],
  ['with its scheme', `Bearer ${secret}`],
  ['Base64', Buffer.from(secret).toString('base64')],
  ['inside Basic', Buffer.from(`user:${secret}`).toString('base64')],
  ['URL-encoded', encodeURIComponent(`Bearer ${secret}`)],
];

test.each(forms)('S37: a key echoed %s in header and body never reaches the agent', async (_name, form) => {
  answer = () => json(401, { error: `invalid key ${form}!` }, `X-Echo: ${form}\r\n`);
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), whole);
  expect(got).not.toContain(form);
  expect(got).toMatch(/x-echo: .{0,7}\*{16,}/i);
  // Base64 keeps its last, half-filled character and padding.
  expect(got).toMatch(/invalid key .{0,7}\*{16,}[A-Za-z0-9]?=*!/);
});

test('S37: a key split over chunks is scrubbed, and the chunks before it are not held back', async () => {
  answer = (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    const parts = [
      'data: one\n\n',
      `data: ${secret.slice(0, 7)}`,
      secret.slice(7, 12),
      `${secret.slice(12)} end\n\n`,
    ];
    const send = (index: number): void => {
      const part = parts[index];
      if (part === undefined) {
        socket.write('0\r\n\r\n');
        return;
      }
      socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
      setTimeout(() => send(index + 1), 15);
    };
    send(0);
    return undefined;
  };
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => text.endsWith('0\r\n\r\n'));
  const body = got
    .slice(got.indexOf('\r\n\r\n') + 4)
    .replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '')
    .replace(/\r\n$/, '');
  expect(body).toContain(`data: ${'*'.repeat(secret.length)} end`);
  expect(got).not.toContain(secret);
});

test('S37: a compressed answer to a call with a credential is refused, and none was asked for', async () => {
  answer = () => json(200, { ok: true }, 'Content-Encoding: gzip\r\n');
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o', 'Accept-Encoding: gzip\r\n'), whole);
  expect(header(seen[0] as SeenRequest, 'accept-encoding')).toBe('identity');
  expect(got).toMatch(/^HTTP\/1\.1 502/);
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
  answer = () =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n${stream.length.toString(16)}\r\n${stream}\r\n0\r\n\r\n`;
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => text.endsWith('0\r\n\r\n'));
  expect(got).toContain(stream);
  await until(() => bed.records.length === 1, 'one record');
  expect(bed.records[0]?.attributes).toMatchObject({
    'gen_ai.usage.input_tokens': 7,
    'gen_ai.usage.output_tokens': 2,
    'gen_ai.response.finish_reasons': ['stop'],
  });
});

test("S40: a policy whose Secret is missing refuses the call in the caller's schema", async () => {
  bed.configure((ip, port) => {
    const config = createConfig(ip, port);
    const [credential] = config.credentials;
    if (credential === undefined) throw new Error('no credential');
    return {
      ...config,
      credentials: [{ ...credential, inject: { type: 'Broken', reason: 'Secret openai-key not found' } }],
    };
  });
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 502/);
  expect(got).toContain('Secret openai-key not found');
  expect(seen).toHaveLength(0);
  expect(bed.records[0]?.attributes['clrk.credential.error']).toContain('default/key');
});

test('S24: a redirect is handed to the agent, never followed', async () => {
  answer = () => 'HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n';
  const agent = await bed.dial('files.example.com');
  const got = await converse(agent, 'GET / HTTP/1.1\r\nHost: files.example.com\r\n\r\n', (text) =>
    text.endsWith('\r\n\r\n'),
  );
  expect(got).toMatch(/^HTTP\/1\.1 302/);
  expect(seen).toHaveLength(1);
});

test('S36: a policy that closes the destination ends a running stream', async () => {
  answer = (_request, socket) => {
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    );
    return undefined;
  };
  const agent = await bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o'), (text) => text.includes('hello'));
  const closed = new Promise<void>((resolve) => agent.once('close', () => resolve()));
  bed.configure((ip, port) =>
    createConfig(ip, port, { destinations: { defaultPolicy: 'deny-all', rules: [], platformCidrs: [] } }),
  );
  await closed;
  await until(() => bed.records.length === 1, 'one record');
  expect(bed.records[0]?.attributes['clrk.egress.deny_reason']).toBe('policy');
});

test('S36: a rotated key ends a stream that was authorized by the old one; an unrelated change does not', async () => {
  answer = (_request, socket) => {
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    );
    return undefined;
  };
  const agent = await bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o'), (text) => text.includes('hello'));
  bed.configure((ip, port) => createConfig(ip, port, { capture: { maxBytes: 1, includeContentTypes: [] } }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(agent.destroyed).toBe(false);
  const closed = new Promise<void>((resolve) => agent.once('close', () => resolve()));
  bed.configure((ip, port) => createConfig(ip, port, { credentials: [] }));
  await closed;
});

test('Expect: 100-continue is answered only for a call that is allowed', async () => {
  const allowed = await bed.dial('files.example.com');
  const head =
    'POST /up HTTP/1.1\r\nHost: files.example.com\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';
  expect(await converse(allowed, head, (text) => text.includes('\r\n\r\n'))).toBe(
    'HTTP/1.1 100 Continue\r\n\r\n',
  );
  expect(await converse(allowed, 'abc', whole)).toMatch(/^HTTP\/1\.1 200/);
  expect(seen[0]?.body).toBe('abc');
  const denied = await bed.dial('api.openai.com');
  const bad = head.replace('files.example.com', 'api.openai.com').replace('/up', '/v1/../x');
  expect(await converse(denied, bad, whole)).toMatch(/^HTTP\/1\.1 400/);
});

test('a body of 5 MB goes up and down with back-pressure, unchanged', async () => {
  const big = 'x'.repeat(5_000_000);
  answer = (request) => json(200, { echo: request.body.length, pad: big });
  const agent = await bed.dial('files.example.com');
  const request = `POST /up HTTP/1.1\r\nHost: files.example.com\r\nContent-Length: ${big.length}\r\n\r\n${big}`;
  const got = await converse(agent, request, (text) => text.endsWith('"}'));
  expect(got.length).toBeGreaterThan(5_000_000);
  expect(got).toContain('"echo":5000000');
});

test('an HTTP/1.0 client gets an answer it can read', async () => {
  answer = () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
  const agent = await bed.dial('files.example.com');
  const got = await converse(agent, 'GET / HTTP/1.0\r\nHost: files.example.com\r\n\r\n', () => false);
  expect(got).toMatch(/\r\n\r\nok$/);
  expect(got.toLowerCase()).not.toContain('transfer-encoding');
});

test("an upstream that answers nonsense becomes a 502 in the caller's schema", async () => {
  answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab';
  const agent = await bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 502[^]*x-clrk-error-code: UPSTREAM_PROTOCOL/);
});

test('an upstream that never answers becomes a 504', async () => {
  bed.configure((ip, port) => {
    const config = createConfig(ip, port);
    return { ...config, upstream: { ...config.upstream, requestTimeoutMs: 200 } };
  });
  answer = () => undefined;
  const agent = await bed.dial('api.openai.com');
  expect(await converse(agent, chat('gpt-4o'), whole)).toMatch(/^HTTP\/1\.1 504/);
});

test('an upstream that breaks off in the middle of its answer is not mistaken for a complete one', async () => {
  answer = (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.destroy());
    return undefined;
  };
  const agent = await bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o'), () => false);
  await until(() => bed.records.length === 1, 'one record');
  expect(bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_CLOSED');
});

test("S38: no record holds the key or the agent's own authorization", async () => {
  answer = () => json(200, { echo: secret }, `Set-Cookie: session=abcdef\r\n`);
  const agent = await bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o', 'Cookie: a=b\r\nX-Api-Key: mine\r\n'), whole);
  await until(() => bed.records.length === 1, 'one record');
  const text = JSON.stringify(bed.records);
  const bodies = (bed.records[0]?.events ?? []).map((event) =>
    Buffer.from(String(event.attributes['clrk.body.b64'] ?? ''), 'base64').toString(),
  );
  for (const hidden of [secret, 'placeholder', 'session=abcdef', 'mine"']) {
    expect(text).not.toContain(hidden);
    expect(bodies.join()).not.toContain(hidden);
  }
  expect(header(seen[0] as SeenRequest, 'x-api-key')).toBeUndefined();
});
