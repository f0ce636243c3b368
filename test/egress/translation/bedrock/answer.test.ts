/** Answers, streams and errors as Bedrock sends them. */
import { expect, test } from 'vitest';
import { bedrockConverse as bedrock } from '../../../../egress/translation/bedrock/index.ts';
import type { WireEvent } from '../../../../egress/translation/codec.ts';
import type { FormEvent } from '../../../../egress/translation/form.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';
import { context } from '../round-trip-of.ts';

const usage = {
  inputTokens: 3,
  outputTokens: 20,
  totalTokens: 30,
  cacheReadInputTokens: 5,
  cacheWriteInputTokens: 2,
};
const formUsage = { input: 10, output: 20, cacheRead: 5, cacheCreation: 2, reasoning: undefined };

test('an answer with thoughts, text with sources and a call', () => {
  const content = [
    { reasoningContent: { reasoningText: { text: 'Hm', signature: 'sig' } } },
    { reasoningContent: { redactedContent: 'cmVk' } },
    { citationsContent: { content: [{ text: 'As written' }], citations: [{}] } },
    { toolUse: { toolUseId: 'tooluse_1', name: 'f', input: { a: 1 } } },
  ];
  const body = {
    output: { message: { role: 'assistant', content } },
    stopReason: 'tool_use',
    usage,
    metrics: { latencyMs: 5 },
  };
  expect(bedrock.readResponse(body)).toEqual({
    id: undefined,
    model: undefined,
    parts: [
      { kind: 'thinking', text: 'Hm', signature: markSignature('claude', 'sig'), redacted: undefined },
      { kind: 'thinking', text: '', signature: undefined, redacted: markSignature('claude', 'cmVk') },
      { kind: 'text', text: 'As written' },
      { kind: 'tool-call', id: 'tooluse_1', name: 'f', arguments: '{"a":1}', signature: undefined },
    ],
    finish: 'tool-calls',
    stopSequence: undefined,
    usage: formUsage,
  });
  expect(bedrock.readResponse({ message: 'no' })).toBeUndefined();
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['guardrail_intervened', 'content-filter'],
  ['malformed_tool_use', 'other'],
  ['constructor', 'other'],
])('%s is %s', (stopReason, finish) => {
  expect(bedrock.readResponse({ output: { message: {} }, stopReason })).toMatchObject({ finish });
});

function readAll(list: readonly WireEvent[]): FormEvent[] {
  const reader = bedrock.createStreamReader();
  return list.flatMap((event) => reader.read(event));
}
const event = (name: string, data: { [name: string]: unknown }): WireEvent => ({ name, data });
const delta = (contentBlockIndex: number, said: object): WireEvent =>
  event('contentBlockDelta', { contentBlockIndex, delta: said, p: 'abc' });

test('a stream: text and thoughts begin by what is said, usage comes last', () => {
  const events = readAll([
    event('messageStart', { role: 'assistant' }),
    delta(0, { reasoningContent: { text: 'Hm' } }),
    delta(0, { reasoningContent: { signature: 'sig' } }),
    event('contentBlockStop', { contentBlockIndex: 0 }),
    delta(1, { text: 'So' }),
    event('contentBlockStop', { contentBlockIndex: 1 }),
    event('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't', name: 'f' } } }),
    delta(2, { toolUse: { input: '{"a"' } }),
    delta(2, { toolUse: { input: ':1}' } }),
    event('contentBlockStop', { contentBlockIndex: 2 }),
    event('messageStop', { stopReason: 'tool_use' }),
    event('metadata', { usage, metrics: { latencyMs: 5 } }),
    delta(3, { text: 'after the end' }),
  ]);
  expect(events).toEqual<FormEvent[]>([
    { kind: 'start', id: undefined, model: undefined },
    { kind: 'part', index: 0, part: { kind: 'thinking', redacted: undefined } },
    { kind: 'delta', index: 0, text: 'Hm' },
    { kind: 'signature', index: 0, signature: markSignature('claude', 'sig') },
    { kind: 'part-end', index: 0 },
    { kind: 'part', index: 1, part: { kind: 'text' } },
    { kind: 'delta', index: 1, text: 'So' },
    { kind: 'part-end', index: 1 },
    { kind: 'part', index: 2, part: { kind: 'tool-call', id: 't', name: 'f' } },
    { kind: 'delta', index: 2, text: '{"a"' },
    { kind: 'delta', index: 2, text: ':1}' },
    { kind: 'part-end', index: 2 },
    { kind: 'finish', finish: 'tool-calls', stopSequence: undefined },
    { kind: 'usage', usage: formUsage },
    { kind: 'end' },
  ]);
});

test('a stream without the event after the reason to stop was cut', () => {
  const kinds = readAll([delta(0, { text: 'So' }), event('messageStop', { stopReason: 'end_turn' })]).map(
    ({ kind }) => kind,
  );
  expect(kinds).toEqual(['part', 'delta', 'part-end', 'finish']);
});

test('thoughts that nobody can read are a part of their own', () => {
  expect(readAll([delta(0, { reasoningContent: { redactedContent: 'cmVk' } })])).toEqual([
    { kind: 'part', index: 0, part: { kind: 'thinking', redacted: markSignature('claude', 'cmVk') } },
  ]);
});

test.each([
  ['throttlingException', 429, 'ThrottlingException'],
  ['modelStreamErrorException', 424, 'ModelStreamErrorException'],
  ['ofTomorrowException', 500, 'OfTomorrowException'],
  ['error', 500, undefined],
])('%s ends a stream as %i', (name, status, code) => {
  const events = readAll([
    delta(0, { text: 'So' }),
    event(name, { message: 'slow' }),
    delta(0, { text: 'more' }),
  ]);
  expect(events.slice(2)).toEqual([{ kind: 'error', error: { status, message: 'slow', code } }]);
});

test.each([
  [429, 'throttlingException', 'ThrottlingException'],
  [529, 'serviceUnavailableException', 'ServiceUnavailableException'],
  [413, 'validationException', 'ValidationException'],
])('%i is %s in a stream and %s otherwise', (status, name, type) => {
  const error = { status, message: 'slow', code: 'rate_limit_error' };
  expect(bedrock.createStreamWriter(context).write({ kind: 'error', error })).toEqual([
    { name, data: { message: 'slow' } },
  ]);
  expect(bedrock.writeError(error)).toEqual({ __type: type, message: 'slow' });
});

test('errors by the name of their exception', () => {
  const body = { __type: 'com.amazon.coral.service#AccessDeniedException', Message: 'no' };
  expect(bedrock.readError(403, body)).toEqual({ status: 403, message: 'no', code: 'AccessDeniedException' });
});
