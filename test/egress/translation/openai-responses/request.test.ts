/** Requests as the SDK and Codex send them, and as they are sent to OpenAI. */
import { describe, expect, test } from 'vitest';
import type { FormRequest } from '../../../../egress/translation/form.ts';
import { openAiResponses as responses } from '../../../../egress/translation/openai-responses/index.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';

const read = (body: object) =>
  responses.readRequest({ path: '/v1/responses', query: '', body: { model: 'gpt-5', ...body } });

function done(body: object): FormRequest & { dropped: readonly string[] } {
  const result = read(body);
  if (result.kind !== 'done') throw new Error(`${result.what} ${result.why}`);
  return { ...result.value, dropped: result.dropped };
}

test('a text alone', () => {
  expect(done({ input: 'Hi' })).toMatchObject({
    messages: [{ role: 'user', parts: [{ kind: 'text', text: 'Hi' }] }],
    stream: false,
  });
});

test('a turn with thoughts, parallel calls and results, as Codex sends it', () => {
  const request = done({
    instructions: 'You are Codex',
    input: [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: '<permissions>' }] },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'List' },
          { type: 'input_image', image_url: 'data:image/png;base64,aGk=', detail: 'high' },
        ],
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [
          { type: 'summary_text', text: 'A' },
          { type: 'summary_text', text: 'B' },
        ],
        content: null,
        encrypted_content: 'enc',
      },
      {
        type: 'message',
        role: 'assistant',
        id: 'msg_1',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Sure', annotations: [] }],
      },
      {
        type: 'function_call',
        id: 'fc_1',
        call_id: 'call_1',
        name: 'shell',
        arguments: '{"cmd":"ls"}',
        status: 'completed',
      },
      { type: 'function_call', call_id: 'call_2', name: 'shell', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a.txt' },
      { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'b.txt' }] },
    ],
    tools: [
      { type: 'function', name: 'shell', description: 'Runs', parameters: { type: 'object' }, strict: false },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: { effort: 'xhigh', summary: 'auto' },
    store: false,
    stream: true,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: 'k',
    text: { verbosity: 'low' },
  });
  expect(request.system.map(({ text }) => text)).toEqual(['You are Codex', '<permissions>']);
  expect(request.messages).toEqual([
    {
      role: 'user',
      parts: [
        { kind: 'text', text: 'List' },
        { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: 'aGk=' }, detail: 'high' },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { kind: 'thinking', text: 'A\n\nB', signature: markSignature('openai', 'enc'), redacted: undefined },
        { kind: 'text', text: 'Sure' },
        { kind: 'tool-call', id: 'call_1', name: 'shell', arguments: '{"cmd":"ls"}', signature: undefined },
        { kind: 'tool-call', id: 'call_2', name: 'shell', arguments: '{}', signature: undefined },
      ],
    },
    {
      role: 'user',
      parts: [
        {
          kind: 'tool-result',
          id: 'call_1',
          name: undefined,
          parts: [{ kind: 'text', text: 'a.txt' }],
          isError: false,
        },
        {
          kind: 'tool-result',
          id: 'call_2',
          name: undefined,
          parts: [{ kind: 'text', text: 'b.txt' }],
          isError: false,
        },
      ],
    },
  ]);
  expect(request.thinking).toEqual({ kind: 'effort', effort: 'high' });
  expect([...request.dropped].sort()).toEqual(['prompt_cache_key', 'reasoning.effort', 'text.verbosity']);
});

describe('what would change the meaning is refused', () => {
  test.each<[string, object]>([
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['conversation', { conversation: 'conv_1' }],
    ['prompt', { prompt: { id: 'p' } }],
    ['background', { background: true }],
    ['top_logprobs', { top_logprobs: 2 }],
    ['include', { include: ['message.output_text.logprobs'] }],
    ['tools[].type', { tools: [{ type: 'web_search' }] }],
    ['tool_choice', { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [] } }],
    ['input[].type', { input: [{ type: 'item_reference', id: 'x' }] }],
    ['input[].role', { input: [{ role: 'critic', content: 'x' }] }],
    [
      'input[].content[].file_id',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] },
    ],
    ['input[].content[].type', { input: [{ role: 'user', content: [{ type: 'input_audio' }] }] }],
    ['text.format.type', { text: { format: { type: 'grammar' } } }],
    ['reasoning.effort', { reasoning: { effort: 'constructor' } }],
    ['model', { model: null }],
    ['temperature', { temperature: '1' }],
  ])('%s', (what, body) => {
    expect(read({ input: 'Hi', ...body })).toMatchObject({ kind: 'blocked', what });
  });
});

const base: FormRequest = done({ input: 'Hi' });
const write = (request: Partial<FormRequest>, prefix = '') =>
  responses.writeRequest({ ...base, ...request }, prefix);

test('nothing is kept at OpenAI, and a schema is strict only where somebody said so', () => {
  const tools = [{ name: 'f', description: undefined, parameters: { type: 'object' }, strict: undefined }];
  expect(write({ tools })).toMatchObject({
    value: {
      path: '/v1/responses',
      body: { store: false, tools: [{ type: 'function', name: 'f', strict: false }] },
    },
  });
  expect(write({}, '/openai/v1')).toMatchObject({ value: { path: '/openai/v1/responses' } });
});

test('what another model thought and signed does not go to OpenAI', () => {
  const thought = { kind: 'thinking', text: 'Hm', redacted: undefined } as const;
  const parts = [
    { ...thought, signature: markSignature('google', 'abc') },
    { ...thought, signature: markSignature('openai', 'enc') },
  ];
  expect(write({ messages: [{ role: 'assistant', parts }] })).toMatchObject({
    dropped: ['messages[].thinking'],
    value: { body: { input: [{ type: 'reasoning', summary: [{ text: 'Hm' }], encrypted_content: 'enc' }] } },
  });
});

test.each([
  ['gpt-5.1', { kind: 'off' }, { effort: 'none' }],
  ['gpt-5', { kind: 'off' }, undefined],
  ['gpt-4o', { kind: 'effort', effort: 'high' }, undefined],
  ['o3', { kind: 'budget', tokens: 5_000 }, { effort: 'medium', summary: 'auto' }],
] as const)('%s is told %o', (model, thinking, reasoning) => {
  const written = write({ model, thinking });
  expect(written.kind === 'done' && written.value.body['reasoning']).toEqual(reasoning);
});

test.each<[string, Partial<FormRequest>]>([
  ['stop', { stop: ['END'] }],
  ['model', { model: '' }],
  [
    'messages[].audio',
    {
      messages: [
        {
          role: 'user',
          parts: [{ kind: 'audio', media: { kind: 'base64', mediaType: 'audio/wav', data: '' } }],
        },
      ],
    },
  ],
])('%s cannot be said to the responses API', (what, request) => {
  expect(write(request)).toMatchObject({ kind: 'blocked', what });
});
