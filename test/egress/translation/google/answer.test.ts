/** Answers, streams and errors as Google sends them. */
import { expect, test } from 'vitest';
import type { WireEvent } from '../../../../egress/translation/codec.ts';
import type { FormEvent } from '../../../../egress/translation/form.ts';
import { googleGenerateContent as google } from '../../../../egress/translation/google/index.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';
import { context } from '../round-trip-of.ts';

const usageMetadata = {
  promptTokenCount: 10,
  toolUsePromptTokenCount: 2,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 30,
  cachedContentTokenCount: 4,
  totalTokenCount: 62,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 10 }],
};
const usage = { input: 12, output: 50, cacheRead: 4, cacheCreation: undefined, reasoning: 30 };

test('an answer with thoughts, text and a call', () => {
  const answer = google.readResponse({
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Hm', thought: true },
            { text: 'Let me look' },
            { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 's' },
          ],
        },
        finishReason: 'STOP',
        safetyRatings: [],
      },
    ],
    usageMetadata,
    modelVersion: 'gemini-3-pro',
    responseId: 'r1',
  });
  expect(answer).toEqual({
    id: 'r1',
    model: 'gemini-3-pro',
    parts: [
      { kind: 'thinking', text: 'Hm', signature: undefined, redacted: undefined },
      { kind: 'text', text: 'Let me look' },
      {
        kind: 'tool-call',
        id: 'call_r1_2',
        name: 'f',
        arguments: '{"a":1}',
        signature: markSignature('google', 's'),
      },
    ],
    finish: 'tool-calls',
    stopSequence: undefined,
    usage,
  });
});

test('a question that was blocked has no candidate', () => {
  const body = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: 3 },
  };
  expect(google.readResponse(body)).toMatchObject({
    parts: [],
    finish: 'content-filter',
    usage: { input: 3 },
  });
  const kinds = readAll({ name: undefined, data: body }).map(({ kind }) => kind);
  expect(kinds).toEqual(['start', 'usage', 'finish', 'end']);
  expect(google.readResponse({ error: {} })).toBeUndefined();
});

test.each([
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['MALFORMED_FUNCTION_CALL', 'other'],
  ['constructor', 'other'],
])('%s is %s', (finishReason, finish) => {
  expect(google.readResponse({ candidates: [{ finishReason }] })).toMatchObject({ finish });
});

/** What a stream of these says, ended cleanly. */
function readAll(...events: readonly WireEvent[]): FormEvent[] {
  const reader = google.createStreamReader();
  return [...events.flatMap((event) => reader.read(event)), ...(reader.end?.() ?? [])];
}

function chunk(
  parts: object[],
  rest: object = {},
  more: object = {},
): { name: undefined; data: { [name: string]: unknown } } {
  const candidate = { content: { parts, role: 'model' }, index: 0, ...rest };
  return { name: undefined, data: { candidates: [candidate], responseId: 'r1', modelVersion: 'm', ...more } };
}

test('a stream: parts go on over events, usage so far with each, and the reason comes last', () => {
  const events = readAll(
    chunk([{ text: 'Hm', thought: true }], {}, { usageMetadata: { promptTokenCount: 10 } }),
    chunk([{ text: ', hm', thought: true }]),
    chunk([{ text: 'So' }]),
    chunk([{ text: ' be it' }, { functionCall: { name: 'f', args: {} }, thoughtSignature: 's' }]),
    chunk([{ text: '' }], { finishReason: 'STOP' }, { usageMetadata }),
  );
  expect(events).toEqual<FormEvent[]>([
    { kind: 'start', id: 'r1', model: 'm' },
    { kind: 'part', index: 0, part: { kind: 'thinking', redacted: undefined } },
    { kind: 'delta', index: 0, text: 'Hm' },
    {
      kind: 'usage',
      usage: {
        input: 10,
        output: undefined,
        cacheRead: undefined,
        cacheCreation: undefined,
        reasoning: undefined,
      },
    },
    { kind: 'delta', index: 0, text: ', hm' },
    { kind: 'part-end', index: 0 },
    { kind: 'part', index: 1, part: { kind: 'text' } },
    { kind: 'delta', index: 1, text: 'So' },
    { kind: 'delta', index: 1, text: ' be it' },
    { kind: 'part-end', index: 1 },
    { kind: 'part', index: 2, part: { kind: 'tool-call', id: 'call_r1_0', name: 'f' } },
    { kind: 'delta', index: 2, text: '{}' },
    { kind: 'signature', index: 2, signature: markSignature('google', 's') },
    { kind: 'part-end', index: 2 },
    { kind: 'usage', usage },
    { kind: 'finish', finish: 'tool-calls', stopSequence: undefined },
    { kind: 'end' },
  ]);
});

test('usage that comes after the reason is read too', () => {
  const events = readAll(
    chunk([{ text: 'So' }], { finishReason: 'STOP' }),
    chunk([], { finishReason: 'STOP' }, { usageMetadata }),
  );
  expect(events.slice(-4)).toEqual<FormEvent[]>([
    { kind: 'usage', usage },
    { kind: 'part-end', index: 0 },
    { kind: 'finish', finish: 'stop', stopSequence: undefined },
    { kind: 'end' },
  ]);
});

test('a model that says STOP with every event is read to its end', () => {
  const said = { usageMetadata };
  const events = readAll(
    chunk([{ text: 'So' }], { finishReason: 'STOP' }, said),
    chunk([{ text: ' be it' }], { finishReason: 'MAX_TOKENS' }, said),
  );
  expect(events.flatMap((event) => (event.kind === 'delta' ? [event.text] : []))).toEqual(['So', ' be it']);
  expect(events.filter(({ kind }) => kind === 'finish')).toEqual([
    { kind: 'finish', finish: 'length', stopSequence: undefined },
  ]);
});

test('without an end, or without a reason, it has not ended', () => {
  const reader = google.createStreamReader();
  const events = reader.read(chunk([{ text: 'So' }], { finishReason: 'STOP' }, { usageMetadata }));
  expect(events.map(({ kind }) => kind)).toEqual(['start', 'part', 'delta', 'usage']);
  expect(readAll(chunk([{ text: 'So' }])).map(({ kind }) => kind)).toEqual(['start', 'part', 'delta']);
});

test('an error in the middle of a stream, read and written', () => {
  const reader = google.createStreamReader();
  reader.read(chunk([{ text: 'So' }]));
  const data = { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } };
  const error = { status: 503, message: 'overloaded', code: 'UNAVAILABLE' };
  expect(reader.read({ name: undefined, data })).toEqual([{ kind: 'error', error }]);
  expect(reader.read(chunk([{ text: 'more' }]))).toEqual([]);
  expect(google.createStreamWriter(context).write({ kind: 'error', error })).toEqual([
    { name: undefined, data },
  ]);
});

test('errors of others in words that Google’s SDKs know', () => {
  expect(google.writeError({ status: 429, message: 'slow down', code: 'rate_limit_error' })).toEqual({
    error: { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' },
  });
  expect(google.readError(502, undefined)).toEqual({
    status: 502,
    message: 'the upstream answered 502',
    code: undefined,
  });
});

test.each([
  ['?alt=sse', 'sse'],
  ['?key=k&alt=sse', 'sse'],
  ['', 'json-array'],
  ['?alt=json', 'json-array'],
])('a stream asked with %s is framed as %s', (query, framing) => {
  expect(google.framingOf({ path: '/', query })).toBe(framing);
});
