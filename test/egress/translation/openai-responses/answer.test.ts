/** Answers, streams and errors as OpenAI sends them. */
import { expect, test } from 'vitest';
import type { FormEvent } from '../../../../egress/translation/form.ts';
import { openAiResponses as responses } from '../../../../egress/translation/openai-responses/index.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';
import { context } from '../round-trip-of.ts';

const usage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 8 },
  total_tokens: 30,
};
const formUsage = { input: 10, output: 20, cacheRead: 4, cacheCreation: undefined, reasoning: 8 };
const reasoning = {
  id: 'rs_1',
  type: 'reasoning',
  summary: [{ type: 'summary_text', text: 'A' }],
  encrypted_content: 'enc',
};
const message = {
  id: 'msg_1',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
};
const call = {
  id: 'fc_1',
  type: 'function_call',
  status: 'completed',
  call_id: 'call_1',
  name: 'f',
  arguments: '{"a":1}',
};

test('an answer with thoughts, text and a call; items of others are passed over', () => {
  const body = {
    id: 'resp_1',
    model: 'gpt-5',
    status: 'completed',
    output: [reasoning, { type: 'web_search_call' }, message, call],
    usage,
  };
  expect(responses.readResponse(body)).toEqual({
    id: 'resp_1',
    model: 'gpt-5',
    parts: [
      { kind: 'thinking', text: 'A', signature: markSignature('openai', 'enc'), redacted: undefined },
      { kind: 'text', text: 'Hi' },
      { kind: 'tool-call', id: 'call_1', name: 'f', arguments: '{"a":1}', signature: undefined },
    ],
    finish: 'tool-calls',
    stopSequence: undefined,
    usage: formUsage,
  });
});

test.each([
  [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length'],
  [{ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, 'content-filter'],
  [{ status: 'cancelled' }, 'other'],
  [
    { status: 'completed', output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No' }] }] },
    'refusal',
  ],
])('%o is %s', (body, finish) => {
  expect(responses.readResponse({ output: [], ...body })).toMatchObject({ finish });
});

test('a response that failed is no answer', () => {
  expect(responses.readResponse({ status: 'failed', output: [], error: {} })).toBeUndefined();
});

type Wire = { readonly type: string; readonly [name: string]: unknown };
function readAll(list: readonly Wire[]): FormEvent[] {
  const reader = responses.createStreamReader();
  return list.flatMap((data, sequence_number) =>
    reader.read({ name: data.type, data: { ...data, sequence_number } }),
  );
}

const started: Wire[] = [
  { type: 'response.created', response: { id: 'resp_1', model: 'gpt-5', status: 'in_progress', output: [] } },
  { type: 'response.in_progress', response: {} },
];
const start: FormEvent = { kind: 'start', id: 'resp_1', model: 'gpt-5' };

test('a stream with a summary in two parts, text and a call', () => {
  const events = readAll([
    ...started,
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { ...reasoning, summary: [], encrypted_content: '' },
    },
    {
      type: 'response.reasoning_summary_part.added',
      output_index: 0,
      summary_index: 0,
      part: { type: 'summary_text', text: '' },
    },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'A' },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'B' },
    { type: 'response.output_item.done', output_index: 0, item: reasoning },
    { type: 'response.output_item.added', output_index: 1, item: { ...message, content: [] } },
    {
      type: 'response.content_part.added',
      output_index: 1,
      content_index: 0,
      part: { type: 'output_text', text: '' },
    },
    { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: 'Hi' },
    { type: 'response.output_text.done', output_index: 1, content_index: 0, text: 'Hi' },
    { type: 'response.content_part.done', output_index: 1, content_index: 0, part: message.content[0] },
    { type: 'response.output_item.done', output_index: 1, item: message },
    { type: 'response.output_item.added', output_index: 2, item: { ...call, arguments: '' } },
    { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{"a"' },
    { type: 'response.function_call_arguments.delta', output_index: 2, delta: ':1}' },
    { type: 'response.function_call_arguments.done', output_index: 2, arguments: '{"a":1}' },
    { type: 'response.output_item.done', output_index: 2, item: call },
    { type: 'response.completed', response: { status: 'completed', usage } },
    { type: 'response.output_text.delta', output_index: 3, delta: 'after the end' },
  ]);
  expect(events).toEqual<FormEvent[]>([
    start,
    { kind: 'part', index: 0, part: { kind: 'thinking', redacted: undefined } },
    { kind: 'delta', index: 0, text: 'A' },
    { kind: 'delta', index: 0, text: '\n\n' },
    { kind: 'delta', index: 0, text: 'B' },
    { kind: 'signature', index: 0, signature: markSignature('openai', 'enc') },
    { kind: 'part-end', index: 0 },
    { kind: 'part', index: 1, part: { kind: 'text' } },
    { kind: 'delta', index: 1, text: 'Hi' },
    { kind: 'part-end', index: 1 },
    { kind: 'part', index: 2, part: { kind: 'tool-call', id: 'call_1', name: 'f' } },
    { kind: 'delta', index: 2, text: '{"a"' },
    { kind: 'delta', index: 2, text: ':1}' },
    { kind: 'part-end', index: 2 },
    { kind: 'usage', usage: formUsage },
    { kind: 'finish', finish: 'tool-calls', stopSequence: undefined },
    { kind: 'end' },
  ]);
});

test('servers that send no pieces, and no beginnings', () => {
  const events = readAll([
    ...started,
    { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hi' },
    { type: 'response.output_item.done', output_index: 1, item: call },
    {
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    },
  ]);
  expect(events.filter(({ kind }) => kind === 'delta')).toEqual([
    { kind: 'delta', index: 0, text: 'Hi' },
    { kind: 'delta', index: 1, text: '{"a":1}' },
  ]);
  expect(events.at(-2)).toEqual({ kind: 'finish', finish: 'length', stopSequence: undefined });
});

test.each<[Wire, number]>([
  [{ type: 'response.failed', response: { error: { code: 'rate_limit_exceeded', message: 'slow' } } }, 429],
  [{ type: 'response.failed', response: { error: { code: 'server_error', message: 'slow' } } }, 500],
  [{ type: 'error', code: 'context_length_exceeded', message: 'slow', param: null }, 400],
  [{ type: 'error', error: { code: 'insufficient_quota', message: 'slow' } }, 429],
])('%o ends a stream as %i', (event, status) => {
  const events = readAll([...started, event, { type: 'response.completed', response: {} }]);
  expect(events).toMatchObject([start, { kind: 'error', error: { status, message: 'slow' } }]);
});

test('an error is written as a response that failed, once there is one', () => {
  const error = { status: 429, message: 'slow', code: 'RESOURCE_EXHAUSTED' };
  const told = { code: 'rate_limit_exceeded', message: 'slow' };
  const fresh = responses.createStreamWriter(context);
  expect(fresh.write({ kind: 'error', error })).toEqual([
    { name: 'error', data: { type: 'error', ...told, param: null, sequence_number: 0 } },
  ]);
  const writer = responses.createStreamWriter(context);
  const names = writer.write(start).map(({ name }) => name);
  expect(names).toEqual(['response.created', 'response.in_progress']);
  expect(writer.write({ kind: 'error', error })).toMatchObject([
    { name: 'response.failed', data: { sequence_number: 2, response: { status: 'failed', error: told } } },
  ]);
});

test('errors in OpenAI’s words', () => {
  expect(responses.writeError({ status: 429, message: 'slow', code: 'x' })).toEqual({
    error: { message: 'slow', type: 'rate_limit_error', param: null, code: 'x' },
  });
  expect(responses.readError(400, { error: { message: 'm', type: 't', code: null } })).toEqual({
    status: 400,
    message: 'm',
    code: 't',
  });
});
