import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { codecOf, type Facts } from '../../../egress/providers/index.ts';
import { computeCost } from '../../../egress/record/price.ts';
import { createUsageTap } from '../../../egress/record/usage-tap.ts';

function tap(
  provider: string,
  body: Buffer | string,
  contentType: string,
  encoding?: string,
  step = 5,
): Facts {
  const codec = codecOf(provider);
  if (codec === undefined) throw new Error('no codec');
  const facts: Facts = {};
  const usage = createUsageTap(codec, facts, { contentType, encoding });
  const bytes = Buffer.from(body as string);
  for (let at = 0; at < bytes.length; at += step) usage?.push(bytes.subarray(at, at + step));
  usage?.end();
  return facts;
}
const sse = (...events: unknown[]): string =>
  events
    .map((event) => `event: x\r\ndata: ${typeof event === 'string' ? event : JSON.stringify(event)}\r\n\r\n`)
    .join('');

const anthropicStream = sse(
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'claude-sonnet-4-20250514',
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 90,
        cache_creation_input_tokens: 5,
        output_tokens: 1,
      },
    },
  },
  { type: 'content_block_delta', delta: { type: 'text_delta', text: '"usage": fake' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 42 } },
  { type: 'message_stop' },
);

test('Anthropic stream: totals include cached input, output is the last word', () => {
  expect(tap('anthropic', anthropicStream, 'text/event-stream; charset=utf-8')).toEqual({
    responseModel: 'claude-sonnet-4-20250514',
    responseId: 'msg_1',
    finishReasons: ['end_turn'],
    inputTokens: 105,
    outputTokens: 42,
    cacheReadTokens: 90,
    cacheCreationTokens: 5,
  });
});

test('OpenAI stream without include_usage: tokens are unknown, not zero', () => {
  const facts = tap(
    'openai',
    sse({ id: 'c', model: 'gpt-4o', choices: [{ delta: { content: 'x' } }] }, '[DONE]'),
    'text/event-stream',
  );
  expect(facts.responseModel).toBe('gpt-4o');
  expect(facts.inputTokens).toBeUndefined();
  expect(computeCost('openai', facts)).toBeUndefined();
});

test('OpenAI responses stream: the completed event counts', () => {
  const facts = tap(
    'openai',
    sse(
      {
        type: 'response.created',
        response: { id: 'r1', object: 'response', model: 'gpt-4o', status: 'in_progress', usage: null },
      },
      {
        type: 'response.completed',
        response: {
          id: 'r1',
          object: 'response',
          model: 'gpt-4o',
          status: 'completed',
          usage: { input_tokens: 8, output_tokens: 9, output_tokens_details: { reasoning_tokens: 4 } },
        },
      },
    ),
    'text/event-stream',
  );
  expect(facts).toMatchObject({
    inputTokens: 8,
    outputTokens: 9,
    reasoningTokens: 4,
    finishReasons: ['completed'],
  });
});

test('Gemini: plain, stream by SSE and stream as an array', () => {
  const chunk = (n: number) => ({
    modelVersion: 'gemini-2.0-flash',
    candidates: [{ finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: n, thoughtsTokenCount: 2 },
  });
  const expected = { inputTokens: 4, outputTokens: 9, reasoningTokens: 2, responseModel: 'gemini-2.0-flash' };
  expect(tap('google', JSON.stringify(chunk(7)), 'application/json')).toMatchObject(expected);
  expect(tap('google', sse(chunk(1), chunk(7)), 'text/event-stream')).toMatchObject(expected);
  expect(tap('google', JSON.stringify([chunk(1), chunk(7)]), 'application/json')).toMatchObject(expected);
});

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
])('a %s answer is decoded beside the stream', (encoding, compress) => {
  expect(tap('anthropic', compress(anthropicStream), 'text/event-stream', encoding)).toMatchObject({
    outputTokens: 42,
  });
});

test('S31: a compression bomb leaves facts unknown and memory bounded', () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect(tap('openai', bomb, 'application/json', 'gzip', 65_536)).toEqual({});
});

test('a very long plain answer: usage is found in its tail', () => {
  const body = `{"object":"list","data":"${'x'.repeat(3_000_000)}","model":"e","usage":{"prompt_tokens":77,"total_tokens":77}}`;
  expect(tap('openai', body, 'application/json', undefined, 65_536)).toMatchObject({ inputTokens: 77 });
});

test('S30: an endless line is given up, the next one still counts', () => {
  const stream = `data: ${'x'.repeat(2_000_000)}\n${sse({ id: 'c', model: 'm', usage: { prompt_tokens: 1, completion_tokens: 1 } })}`;
  expect(tap('openai', stream, 'text/event-stream', undefined, 65_536)).toMatchObject({ inputTokens: 1 });
});

test.each([
  ['not JSON', '<html>'],
  ['negative and fractional counts', '{"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}'],
  ['counts as text', '{"usage":{"prompt_tokens":"9"}}'],
])('%s: nothing is claimed', (_name, body) => {
  const facts = tap('openai', body, 'application/json');
  expect([facts.inputTokens, facts.outputTokens]).toEqual([undefined, undefined]);
});
