/** An agent that speaks one API and a Backend that speaks another, over real connections. */
import { expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { converse, until } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { header, json } from '../http1-upstream.ts';
import { useConversation, whole } from './conversation.ts';

const agentHost = { anthropic: 'api.anthropic.com', openai: 'api.openai.com' } as const;
const upstreamHost = 'files.example.com';
const talk = useConversation();

type Api = keyof typeof agentHost;

function toBackend(from: Api, schema: string): (ip: string, port: number) => GatewayConfig {
  return (ip, port) =>
    createConfig(ip, port, {
      providerRoutes: [
        {
          route: { namespace: 'default', name: 'llm' },
          rules: [
            {
              matches: [{ provider: from, models: [], endpoints: [] }],
              filters: [],
              backends: [
                {
                  ...{ name: 'other', host: upstreamHost, port, weight: 1, schema },
                  ...{ modelRewrites: [{ from: 'agents-*', to: 'gpt-4o' }], ensureStreamUsage: false },
                },
              ],
            },
          ],
        },
      ],
      credentials: [
        {
          policy: { namespace: 'default', name: 'key' },
          target: { kind: 'AIProviderRoute', namespace: 'default', name: 'llm', sectionName: 'other' },
          inject: { type: 'Header', name: 'Authorization', value: 'Bearer secret-of-other' },
        },
      ],
    });
}

function post(api: Api, path: string, body: unknown): string {
  const text = JSON.stringify(body);
  const own =
    api === 'anthropic'
      ? 'x-api-key: agents-own\r\nanthropic-version: 2023-06-01\r\nanthropic-beta: some-beta\r\nx-stainless-lang: js\r\n'
      : 'authorization: Bearer agents-own\r\nopenai-organization: org\r\n';
  return `POST ${path} HTTP/1.1\r\nHost: ${agentHost[api]}\r\nContent-Type: application/json\r\n${own}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

function bodyOf(answer: string): Record<string, unknown> {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
}

const chunked = (type: string, pieces: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')}`;
const sse = (events: readonly unknown[]): string[] =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\r\n\r\n`);
const ended = (text: string): boolean => text.endsWith('0\r\n\r\n');

const message = {
  model: 'agents-model',
  max_tokens: 100,
  system: 'be brief',
  messages: [{ role: 'user', content: 'hi' }],
  tools: [{ name: 'look', input_schema: { type: 'object', properties: {} } }],
  metadata: { user_id: 'u', other: 1 },
};
const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'one moment',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"x"}' } }],
      },
    },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 2 } },
};

test('a message is answered by a chat completion, with the Backend’s key and none of the agent’s', async () => {
  talk.bed.configure(toBackend('anthropic', 'openai'));
  talk.answer = () => json(200, completion, 'x-request-id: req-1\r\nopenai-version: 1\r\n');
  const agent = await talk.bed.dial(agentHost.anthropic);
  const got = await converse(agent, post('anthropic', '/v1/messages', message), whole);
  expect(got).toMatch(/^HTTP\/1\.1 200 [^]*request-id: req-1/i);
  expect(got).not.toContain('openai-version');
  expect(bodyOf(got)).toEqual({
    ...{ id: 'chatcmpl-1', type: 'message', role: 'assistant', model: 'agents-model' },
    content: [
      { type: 'text', text: 'one moment' },
      { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'x' } },
    ],
    ...{ stop_reason: 'tool_use', stop_sequence: null },
    usage: {
      ...{ input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 2, output_tokens: 5 },
    },
  });
  const [seen] = talk.seen;
  expect(seen?.head.target).toBe('/v1/chat/completions');
  expect(seen && header(seen, 'authorization')).toBe('Bearer secret-of-other');
  const names = seen?.head.fields.map(({ name }) => name) ?? [];
  expect(names.filter((name) => /anthropic|stainless|api-key/.test(name))).toEqual([]);
  expect(JSON.parse(seen?.body ?? '')).toMatchObject({
    model: 'gpt-4o',
    max_completion_tokens: 100,
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'hi' },
    ],
  });
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes).toMatchObject({
    'clrk.translation.from': 'anthropic',
    'clrk.translation.to': 'openai',
    'clrk.translation.dropped_extras': ['metadata.other', 'header anthropic-beta'],
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 5,
  });
});

test('a server that only speaks like OpenAI is told the limit in the word it knows', async () => {
  talk.bed.configure(toBackend('anthropic', 'custom'));
  talk.answer = () => json(200, completion);
  const agent = await talk.bed.dial(agentHost.anthropic);
  await converse(agent, post('anthropic', '/v1/messages', message), whole);
  const sent = JSON.parse(talk.seen[0]?.body ?? '') as Record<string, unknown>;
  expect(sent).toMatchObject({ max_tokens: 100 });
  expect(sent).not.toHaveProperty('max_completion_tokens');
});

const chunk = (delta: unknown, reason: string | null = null): unknown => ({
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-4o', usage: null },
  choices: [{ index: 0, delta, finish_reason: reason }],
});
const report = { id: 'chatcmpl-1', choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } };

test('a stream of chunks arrives as events of a message, its late usage with it', async () => {
  talk.bed.configure(toBackend('anthropic', 'openai'));
  const pieces = sse([
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'he' }),
    chunk({ content: 'y' }),
  ]);
  const last = sse([chunk({}, 'stop'), report, '[DONE]']);
  talk.answer = () => `${chunked('text/event-stream', [': ping\r\n\r\n', ...pieces, ...last])}0\r\n\r\n`;
  const agent = await talk.bed.dial(agentHost.anthropic);
  const got = await converse(agent, post('anthropic', '/v1/messages', { ...message, stream: true }), ended);
  const names = [...got.matchAll(/event: (\w+)/g)].map(([, name]) => name);
  expect(names).toEqual([
    ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta'],
    ...['content_block_stop', 'message_delta', 'message_stop'],
  ]);
  expect(got).toContain('"output_tokens":3');
  expect(got).toContain('"stop_reason":"end_turn"');
  expect(JSON.parse(talk.seen[0]?.body ?? '')).toMatchObject({ stream_options: { include_usage: true } });
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 3 });
});

const chatBody = { model: 'claude', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const anthropicStream = [
  {
    type: 'message_start',
    message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 4, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hey' } },
];

test('events of a message arrive as chunks; without include_usage there is no report', async () => {
  talk.bed.configure(toBackend('openai', 'anthropic'));
  const last = [
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ];
  talk.answer = () =>
    `${chunked('text/event-stream; charset=utf-8', sse([...anthropicStream, ...last]))}0\r\n\r\n`;
  const agent = await talk.bed.dial(agentHost.openai);
  const got = await converse(agent, post('openai', '/v1/chat/completions', chatBody), ended);
  expect(got).toContain('"content":"hey"');
  expect(got).toContain('"finish_reason":"stop"');
  expect(got).toContain('data: [DONE]');
  expect(got).not.toContain('"usage"');
  const [seen] = talk.seen;
  expect(seen && header(seen, 'anthropic-version')).toBe('2023-06-01');
  expect(seen?.head.fields.map(({ name }) => name)).not.toContain('openai-organization');
  expect(JSON.parse(seen?.body ?? '')).toEqual({
    ...chatBody,
    max_tokens: 4096,
    messages: chatBody.messages.map(({ role, content }) => ({ role, content })),
  });
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes).toMatchObject({
    'gen_ai.usage.input_tokens': 4,
    'gen_ai.usage.output_tokens': 9,
  });
});

test('an error in the middle is one of the agent’s API, and a stream that is cut is cut', async () => {
  talk.bed.configure(toBackend('openai', 'anthropic'));
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'too much' } };
  talk.answer = () => `${chunked('text/event-stream', sse([...anthropicStream, error]))}0\r\n\r\n`;
  const first = await talk.bed.dial(agentHost.openai);
  const failed = await converse(first, post('openai', '/v1/chat/completions', chatBody), ended);
  expect(failed).toContain('data: {"error":{"message":"too much","type":"server_error"');
  expect(failed).not.toContain('[DONE]');
  talk.answer = () => `${chunked('text/event-stream', sse(anthropicStream))}0\r\n\r\n`;
  const second = await talk.bed.dial(agentHost.openai);
  const cut = await converse(second, post('openai', '/v1/chat/completions', chatBody), ended);
  expect(cut).toContain('"content":"hey"');
  expect(ended(cut)).toBe(false);
  expect(cut).not.toContain('[DONE]');
  await until(() => talk.bed.records.length === 2, 'two records');
  expect(talk.bed.records[1]?.attributes['error.type']).toBe('UPSTREAM_CLOSED');
});

test.each<[string, string, number, unknown]>([
  [
    'its own status and words',
    json(429, { error: { message: 'slow down', type: 'rate_limit' } }, 'Retry-After: 7\r\n'),
    429,
    { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
  ],
  [
    'a status alone',
    'HTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\noops',
    503,
    expect.objectContaining({ type: 'error' }),
  ],
  ['what is no answer', json(200, { hello: 1 }), 502, expect.objectContaining({ type: 'error' })],
  ['no content', 'HTTP/1.1 204 X\r\n\r\n', 502, expect.objectContaining({ type: 'error' })],
])(
  'an upstream that fails with %s is told in the agent’s schema',
  async (_title, answer, status, expected) => {
    talk.bed.configure(toBackend('anthropic', 'openai'));
    talk.answer = () => answer;
    const agent = await talk.bed.dial(agentHost.anthropic);
    const got = await converse(agent, post('anthropic', '/v1/messages', message), whole);
    expect(got).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(bodyOf(got)).toEqual(expected);
    if (status === 429) expect(got).toMatch(/retry-after: 7/i);
  },
);

test('what cannot be said there is refused before anything is sent', async () => {
  talk.bed.configure(toBackend('openai', 'anthropic'));
  const agent = await talk.bed.dial(agentHost.openai);
  const got = await converse(agent, post('openai', '/v1/chat/completions', { ...chatBody, n: 2 }), whole);
  expect(got).toMatch(/^HTTP\/1\.1 400 /);
  expect(got).toContain('TRANSLATION_IMPOSSIBLE');
  expect(got).toContain('n asks for more than one answer');
  expect(talk.seen).toEqual([]);
});

test.each([
  ['objects', { messages: Array.from({ length: 70_000 }, () => ({})) }],
  ['bytes', { messages: [{ role: 'user', content: 'a'.repeat(17 * 1024 * 1024) }] }],
])('a body of too many %s is refused before anything is made of it', async (_title, members) => {
  talk.bed.configure(toBackend('openai', 'anthropic'));
  const agent = await talk.bed.dial(agentHost.openai);
  const body = { ...chatBody, ...members };
  const got = await converse(agent, post('openai', '/v1/chat/completions', body), whole);
  expect(got).toMatch(/^HTTP\/1\.1 400 /);
  expect(got).toContain('TRANSLATION_IMPOSSIBLE');
  expect(got).toContain('is too large to be translated');
  expect(talk.seen).toEqual([]);
});
