/** The language in which a prompt tells the stand-in what to answer, and how strict it is, asked without a socket. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { codecs, type StandInProvider } from '../../../examples/provider/codecs.ts';
import type { ProviderReply } from '../../../examples/provider/exchange.ts';
import { readStep } from '../../../examples/provider/script/index.ts';

interface Asked {
  readonly repeated?: number;
  readonly query?: string;
}

function ask(
  provider: StandInProvider,
  path: string,
  body: unknown,
  { repeated = 0, query = '' }: Asked = {},
): ProviderReply {
  const bodyDigest = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  return codecs[provider].answer({
    method: 'POST',
    path,
    query: new URLSearchParams(query),
    target: `${path}${query}`,
    headers: { 'anthropic-version': '2023-06-01' },
    json: body,
    bodyDigest,
    seed: bodyDigest,
    repeated,
    created: 1_700_000_000,
  });
}

const text = ({ chunks }: ProviderReply): string =>
  chunks.map((chunk) => Buffer.from(chunk).toString()).join('');
const chat = (prompt: string, more: object = {}, asked: Asked = {}): ProviderReply =>
  ask(
    'openai',
    '/v1/chat/completions',
    { model: 'gpt-4o', messages: [{ role: 'user', content: prompt }], ...more },
    asked,
  );

test.each([
  ['say a\nsay b', { say: 'a\nb' }],
  [
    'call tool x with {"a":1}\ncall tool y with {}',
    {
      calls: [
        { name: 'x', arguments: { a: 1 } },
        { name: 'y', arguments: {} },
      ],
    },
  ],
  ['fail 529 twice', { fail: { status: 529, times: 2, retryAfter: undefined } }],
  ['fail 429 3 times retry after 7', { fail: { status: 429, times: 3, retryAfter: 7 } }],
  ['count input 10, cached 3, written for an hour 2', { count: { input: 10, cached: 3, hour: 2 } }],
  ['break with 503 after 2', { breakAfter: { pieces: 2, status: 503 } }],
  ['write crlf, no done', { styles: ['crlf', 'no done'] }],
  ['Please do:\n  say yes', { say: 'yes' }],
])('%s', (script, step) => {
  expect(readStep(script, 0)).toMatchObject(step);
});

test.each([
  'Say hello to everybody.',
  'call tool x with what you have',
  'call tool x with {"a":}',
  'fail gracefully',
  'count sheep',
  'write poems, crlf',
  'break after dinner',
])('is text and no command: %s', (prompt) => {
  expect(readStep(prompt, 0)).toBeUndefined();
  expect(text(chat(prompt))).toContain('Hello from the stand-in');
});

test('what follows `then` is for the next round', () => {
  const script = 'call tool x with {}\nthen\nsay done';
  expect([0, 1, 2].map((round) => readStep(script, round)?.say)).toEqual([undefined, 'done', undefined]);
});

test('fails as often as it was told, then no more', () => {
  const failing = 'fail 529 twice retry after 1\nsay up';
  const replies = [0, 1, 2].map((repeated) => chat(failing, {}, { repeated }));
  expect(replies.map(({ status }) => status)).toEqual([529, 529, 200]);
  expect(replies[0]?.headers?.['retry-after']).toBe('1');
});

test('thoughts are shown where they are asked for, and counted always', () => {
  const messages = [{ role: 'user', content: 'think deep water\nsay yes' }];
  const body = { model: 'claude-sonnet-4-5', max_tokens: 2000, messages };
  const thinking = { type: 'enabled', budget_tokens: 1024 };
  const shown = ask('anthropic', '/v1/messages', { ...body, thinking });
  expect(text(shown)).toMatch(/"type":"thinking","thinking":"deep water","signature":"[\w+/=]+"/);
  const hidden = ask('anthropic', '/v1/messages', body);
  expect(text(hidden)).not.toContain('deep water');
  expect([shown.told?.output, hidden.told?.reasoning]).toEqual([3, 2]);
});

test('limits cut: the first stop sequence, then the number of tokens', () => {
  expect(text(chat('say one two. three', { stop: ['three', 'two'] }))).toContain('"content":"one "');
  expect(text(chat('say one two three', { max_completion_tokens: 2 }))).toContain('"finish_reason":"length"');
});

const user = { role: 'user', content: 'hi' };
const block = (value: object): object => ({ content: [value] });
const use = { toolUse: { toolUseId: 't1', name: 'x', input: {} } };
const converse = '/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse';
const generate = '/v1beta/models/gemini-2.5-flash:generateContent';

describe('what a vendor refuses is refused', () => {
  test.each<[string, StandInProvider, string, object, string]>([
    [
      'an unknown member',
      'openai',
      '/v1/chat/completions',
      { model: 'gpt-4o', messages: [user], top_k: 1 },
      "Unknown parameter: 'top_k'",
    ],
    [
      'a call nobody answered',
      'openai',
      '/v1/chat/completions',
      {
        model: 'gpt-4o',
        messages: [user, { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'x' } }] }, user],
      },
      'did not have response messages: c1',
    ],
    [
      'an output without a call',
      'openai',
      '/v1/responses',
      { model: 'gpt-4o', input: [{ type: 'function_call_output', call_id: 'c1', output: '' }] },
      'No tool call found',
    ],
    [
      'a system message',
      'anthropic',
      '/v1/messages',
      { model: 'claude-x', max_tokens: 9, messages: [user, { role: 'system', content: 'x' }] },
      'Unexpected role',
    ],
    [
      'a forged thought',
      'anthropic',
      '/v1/messages',
      {
        model: 'claude-x',
        max_tokens: 9,
        messages: [
          user,
          { role: 'assistant', ...block({ type: 'thinking', thinking: 'a', signature: 'b' }) },
        ],
      },
      'Invalid `signature`',
    ],
    [
      'a schema in the wrong dialect',
      'google',
      generate,
      {
        contents: [{ parts: [{ text: 'hi' }] }],
        tools: [{ functionDeclarations: [{ name: 'x', parameters: { additionalProperties: false } }] }],
      },
      'Unknown name',
    ],
    [
      'answers that are not as many as calls',
      'google',
      generate,
      {
        contents: [
          { role: 'user', parts: [{ text: 'hi' }] },
          { role: 'model', parts: [{ functionCall: { name: 'x', args: {} } }] },
          { role: 'user', parts: [{ text: 'well?' }] },
        ],
      },
      'number of function response parts',
    ],
    [
      'turns of one role',
      'bedrock',
      converse,
      {
        messages: [
          { role: 'user', ...block({ text: 'a' }) },
          { role: 'user', ...block({ text: 'b' }) },
        ],
      },
      'must alternate',
    ],
    [
      'tools that are used and not named',
      'bedrock',
      converse,
      {
        messages: [
          { role: 'user', ...block({ text: 'a' }) },
          { role: 'assistant', ...block(use) },
          { role: 'user', ...block({ toolResult: { toolUseId: 't1', content: [] } }) },
        ],
      },
      'toolConfig field must be defined',
    ],
    [
      'a deployment without a date',
      'azure-openai',
      '/openai/deployments/gpt-4o/chat/completions',
      { messages: [user] },
      'Resource not found',
    ],
  ])('%s (%s)', (_what, provider, path, body, message) => {
    const reply = ask(provider, path, body);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(text(reply)).toContain(message);
  });
});

test('Azure serves both styles of paths, and counts are told without an answer', () => {
  const body = { messages: [user] };
  const path = '/openai/deployments/gpt-4o/chat/completions';
  expect(ask('azure-openai', path, body, { query: 'api-version=2024-10-21' }).status).toBe(200);
  expect(ask('azure-openai', '/openai/v1/responses', { model: 'gpt-4o', input: 'hi' }).status).toBe(200);
  const count = ask('anthropic', '/v1/messages/count_tokens', { model: 'claude-x', messages: [user] });
  expect(text(count)).toBe('{"input_tokens":1}');
});
