import { request as httpsRequest } from 'node:https';
import { connect } from 'node:http2';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProvider, type RunningProvider } from '../../../examples/provider/index.ts';

const keys = { openai: 'sk-openai-test', anthropic: 'sk-ant-test', google: 'AIza-test' };
let provider: RunningProvider;
beforeEach(async () => {
  provider = await startProvider({ host: '127.0.0.1', port: 0, keys, now: () => 1_700_000_000_000 });
});
afterEach(() => provider.close());

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

/** By the provider's name, to the stand-in's address, with its CA verified. */
function call(host: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        host: '127.0.0.1',
        port: provider.port,
        servername: host,
        ca: provider.caPem,
        method: body === undefined ? 'GET' : 'POST',
        path,
        headers: { host, 'content-type': 'application/json', ...headers },
        agent: false,
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string>,
            text,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The real SDK; only its transport is turned to the stand-in's address, as /etc/hosts would. */
function openai(apiKey = keys.openai): OpenAI {
  const transport = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    const reply = await call(url.hostname, url.pathname + url.search, headers, body);
    return new Response(reply.text, { status: reply.status, headers: reply.headers });
  };
  return new OpenAI({ apiKey, maxRetries: 0, fetch: transport });
}

const said = 'Hello from the stand-in. You said: "How are you?"';
const messages = [{ role: 'user' as const, content: 'How are you?' }];

test('the openai SDK: chat, plain and streamed, with the same text and the same numbers', async () => {
  const plain = await openai().chat.completions.create({ model: 'gpt-4o-mini', messages });
  expect(plain.choices[0]?.message.content).toBe(said);
  expect(plain.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 16, total_tokens: 20 });
  const stream = await openai().chat.completions.create({
    model: 'gpt-4o-mini',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(said);
  expect(chunks.at(-1)?.usage).toEqual(plain.usage);
  expect(chunks.at(-1)?.choices).toEqual([]);
  expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
});

test('the openai SDK: a limit cuts, a tool is called', async () => {
  const cut = await openai().chat.completions.create({ model: 'gpt-4o', messages, max_completion_tokens: 3 });
  expect(cut.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'Hello from the' } });
  expect(cut.usage?.completion_tokens).toBe(3);
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const tool = await openai().chat.completions.create({
    model: 'gpt-4o',
    messages,
    tools: [{ type: 'function', function: { name: 'weather', parameters } }],
    tool_choice: 'required',
  });
  const [made] = tool.choices[0]?.message.tool_calls ?? [];
  expect(made).toMatchObject({
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"How are you?"}' },
  });
  expect(tool.choices[0]?.finish_reason).toBe('tool_calls');
});

test('the openai SDK: responses, plain and streamed', async () => {
  const plain = await openai().responses.create({ model: 'gpt-4o', input: 'How are you?' });
  expect(plain.output_text).toBe(said);
  expect(plain.usage).toMatchObject({ input_tokens: 4, output_tokens: 16, total_tokens: 20 });
  const events = [];
  for await (const event of await openai().responses.create({
    model: 'gpt-4o',
    input: 'How are you?',
    stream: true,
  }))
    events.push(event);
  expect(
    events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join(''),
  ).toBe(said);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
  expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { usage: plain.usage } });
});

test('the openai SDK: models and embeddings', async () => {
  const models = await openai().models.list();
  expect(models.data.map((model) => model.id)).toContain('gpt-4o-mini');
  const { data, usage } = await openai().embeddings.create({
    model: 'text-embedding-3-small',
    input: ['a', 'b c'],
  });
  expect(data.map((each) => each.embedding.length)).toEqual([1536, 1536]);
  expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1, 4);
  expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
});

test('the openai SDK: refusals arrive as its own error classes', async () => {
  await expect(openai('placeholder').models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  const unknown = openai().chat.completions.create({ model: 'nope', messages });
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  const empty = openai().chat.completions.create({ model: 'gpt-4o', messages: [] });
  await expect(empty).rejects.toMatchObject({ status: 400, param: 'messages' });
  provider.setFault({ status: 429 });
  await expect(openai().models.list()).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  provider.setFault({ status: 500 });
  await expect(openai().models.list()).rejects.toBeInstanceOf(OpenAI.InternalServerError);
});

const anthropicHeaders = { 'x-api-key': keys.anthropic, 'anthropic-version': '2023-06-01' };
const anthropicBody = { model: 'claude-sonnet-4-5', max_tokens: 100, messages };

/** Server-sent events as (name, data) pairs; the framing itself is checked. */
function eventsOf(
  text: string,
): readonly { readonly event: string; readonly data: Record<string, unknown> }[] {
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((block) => {
      const [, event = '', data = ''] = /^(?:event: (\S+)\n)?data: (.*)$/s.exec(block) ?? [];
      return { event, data: JSON.parse(data) as Record<string, unknown> };
    });
}

test('Anthropic messages, plain and streamed', async () => {
  const plain = await call('api.anthropic.com', '/v1/messages', anthropicHeaders, anthropicBody);
  expect(JSON.parse(plain.text)).toMatchObject({
    type: 'message',
    content: [{ type: 'text', text: said }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 4, output_tokens: 16 },
  });
  const streamed = await call('api.anthropic.com', '/v1/messages', anthropicHeaders, {
    ...anthropicBody,
    stream: true,
  });
  expect(streamed.headers['content-type']).toContain('text/event-stream');
  const events = eventsOf(streamed.text);
  expect(events.every(({ event, data }) => event === data['type'])).toBe(true);
  expect(events[0]?.data).toMatchObject({ message: { usage: { input_tokens: 4 } } });
  const text = events
    .map(({ data }) => (data['delta'] as { text?: string } | undefined)?.text ?? '')
    .join('');
  expect(text).toBe(said);
  expect(events.at(-2)?.data).toMatchObject({
    delta: { stop_reason: 'end_turn' },
    usage: { output_tokens: 16 },
  });
  expect(events.at(-1)?.event).toBe('message_stop');
});

test.each([
  ['a wrong key', { ...anthropicHeaders, 'x-api-key': 'x' }, anthropicBody, 401, 'authentication_error'],
  ['no version', { 'x-api-key': keys.anthropic }, anthropicBody, 400, 'invalid_request_error'],
  ['no limit', anthropicHeaders, { ...anthropicBody, max_tokens: undefined }, 400, 'invalid_request_error'],
  [
    'a model of somebody else',
    anthropicHeaders,
    { ...anthropicBody, model: 'gpt-4o' },
    404,
    'not_found_error',
  ],
])('Anthropic refuses %s in its own schema', async (_what, headers, body, status, type) => {
  const reply = await call('api.anthropic.com', '/v1/messages', headers, body);
  expect([reply.status, JSON.parse(reply.text)]).toMatchObject([status, { type: 'error', error: { type } }]);
});

const geminiBody = { contents: [{ role: 'user', parts: [{ text: 'How are you?' }] }] };
const gemini = (operation: string, key: string, body: unknown = geminiBody): Promise<Reply> =>
  call(
    'generativelanguage.googleapis.com',
    `/v1beta/models/gemini-2.5-flash:${operation}`,
    { 'x-goog-api-key': key },
    body,
  );

interface GeminiChunk {
  readonly candidates: readonly {
    readonly content: { readonly parts: readonly { readonly text: string }[] };
  }[];
  readonly usageMetadata: Record<string, unknown>;
}
const geminiText = (chunks: readonly GeminiChunk[]): string =>
  chunks.map((chunk) => chunk.candidates[0]?.content.parts[0]?.text ?? '').join('');

test('Gemini: plain, as server-sent events, and as a JSON array', async () => {
  const plain = JSON.parse((await gemini('generateContent', keys.google)).text) as GeminiChunk;
  expect(geminiText([plain])).toBe(said);
  expect(plain.usageMetadata).toMatchObject({
    promptTokenCount: 4,
    candidatesTokenCount: 16,
    totalTokenCount: 20,
  });
  const sse = eventsOf((await gemini('streamGenerateContent?alt=sse', keys.google)).text);
  const array = JSON.parse((await gemini('streamGenerateContent', keys.google)).text) as GeminiChunk[];
  for (const chunks of [sse.map(({ data }) => data as unknown as GeminiChunk), array]) {
    expect(geminiText(chunks)).toBe(said);
    expect(chunks.at(-1)?.usageMetadata).toEqual(plain.usageMetadata);
  }
});

test.each([
  ['a wrong key', 'x', geminiBody, 400, 'INVALID_ARGUMENT'],
  ['an empty request', keys.google, {}, 400, 'INVALID_ARGUMENT'],
])('Gemini refuses %s in its own schema', async (_what, key, body, code, status) => {
  const reply = await gemini('generateContent', key, body);
  expect([reply.status, JSON.parse(reply.text)]).toMatchObject([code, { error: { code, status } }]);
});

test('what was received is remembered, keys included, and bounded', async () => {
  await call('api.openai.com', '/v1/models', { authorization: 'Bearer wrong' });
  await call('api.openai.com', '/v1/models', { authorization: `Bearer ${keys.openai}` });
  await call('example.com', '/x', {}).catch(() => undefined);
  expect(provider.received().map(({ provider: name, key, status }) => [name, key, status])).toMatchObject([
    ['openai', 'wrong', 401],
    ['openai', keys.openai, 200],
  ]);
});

test('a stream is cut where it was told to be', async () => {
  provider.setFault({ abortAfterChunks: 3 });
  const body = { model: 'gpt-4o', messages, stream: true };
  const cut = call(
    'api.openai.com',
    '/v1/chat/completions',
    { authorization: `Bearer ${keys.openai}` },
    body,
  );
  await expect(cut).rejects.toThrow();
});

test('HTTP/2 is spoken too', async () => {
  const session = connect(`https://127.0.0.1:${provider.port}`, {
    ca: provider.caPem,
    servername: 'api.openai.com',
  });
  const stream = session.request({
    ':path': '/v1/models',
    ':authority': 'api.openai.com',
    authorization: `Bearer ${keys.openai}`,
  });
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString('utf8');
  session.close();
  expect(text).toContain('gpt-4o');
});
