/** Usage in answers of Bedrock's InvokeModel, whole and streamed, by the models' own bodies and by Bedrock's sums. */
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../examples/provider/bedrock/event-frame.ts';
import { codecOf, type Facts } from '../../../egress/providers/index.ts';
import { createUsageTap } from '../../../egress/record/usage-tap.ts';

function read(bytes: Buffer, contentType: string, step = bytes.length): Facts {
  const facts: Facts = {};
  const tap = createUsageTap(codecOf('bedrock')!, facts, { contentType, encoding: undefined });
  for (let at = 0; at < bytes.length; at += step) tap?.push(bytes.subarray(at, at + step));
  tap?.end();
  return facts;
}

const claude = {
  id: 'msg_1',
  type: 'message',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'x'.repeat(40_000) }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 },
};

describe('InvokeModel', () => {
  test.each<[string, object, Partial<Facts>]>([
    ['Anthropic', claude, { inputTokens: 15, cacheReadTokens: 5, outputTokens: 20, responseId: 'msg_1' }],
    [
      'Nova, as Converse',
      { output: {}, stopReason: 'end_turn', usage: { inputTokens: 3, outputTokens: 4 } },
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'Llama',
      { generation: 'hi', prompt_token_count: 8, generation_token_count: 2, stop_reason: 'stop' },
      { inputTokens: 8, outputTokens: 2, finishReasons: ['stop'] },
    ],
    [
      'Titan',
      { inputTextTokenCount: 6, results: [{ tokenCount: 1, outputText: 'a' }, { tokenCount: 2 }] },
      { inputTokens: 6, outputTokens: 3 },
    ],
  ])('%s', (_title, body, expected) => {
    const bytes = Buffer.from(JSON.stringify(body));
    for (const step of [1_000, bytes.length]) {
      expect(read(bytes, 'application/json', step)).toMatchObject({ ...expected, usage: 'whole' });
    }
  });

  test('a body that says nothing is no guess', () => {
    expect(read(Buffer.from('{"outputs":[{"text":"hi"}]}'), 'application/json')).toEqual({});
  });
});

const part = (event: object): Buffer =>
  Buffer.from(
    encodeFrame({ name: 'chunk', data: { bytes: Buffer.from(JSON.stringify(event)).toString('base64') } }),
  );
const stream = (...events: object[]): Buffer => Buffer.concat(events.map(part));
const eventStream = 'application/vnd.amazon.eventstream';
const metrics = {
  'amazon-bedrock-invocationMetrics': {
    inputTokenCount: 10,
    outputTokenCount: 21,
    cacheReadInputTokenCount: 5,
    cacheWriteInputTokenCount: 0,
  },
};

describe('InvokeModelWithResponseStream', () => {
  test.each([1, 50, 10_000])('Anthropic, in pieces of %d bytes', (step) => {
    const bytes = stream(
      { type: 'message_start', message: { ...claude, stop_reason: null, content: [] } },
      { type: 'content_block_delta', delta: { text: '"usage":{"input_tokens":900}' } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 21 } },
      { type: 'message_stop', ...metrics },
    );
    expect(read(bytes, eventStream, step)).toMatchObject({
      ...{ responseModel: 'claude-sonnet-4-5', finishReasons: ['end_turn'] },
      ...{ inputTokens: 15, cacheReadTokens: 5, outputTokens: 21, usage: 'whole' },
    });
  });

  test('any model: by the sums at the end', () => {
    const bytes = stream({ generation: 'h' }, { generation: 'i', ...metrics });
    expect(read(bytes, eventStream)).toMatchObject({ inputTokens: 15, outputTokens: 21, usage: 'whole' });
  });

  test('cut before the end: what was told is not the whole', () => {
    const bytes = stream(
      { generation: 'h', prompt_token_count: 8, generation_token_count: 1, stop_reason: null },
      { generation: 'i', prompt_token_count: null, generation_token_count: 2, stop_reason: null },
    );
    expect(read(bytes, eventStream)).toMatchObject({ inputTokens: 8, outputTokens: 2, usage: 'partial' });
  });

  test.each(['!!!', '', 'bm90IGpzb24=', 7])('a part of %j is none', (bytes) => {
    const frame = Buffer.from(encodeFrame({ name: 'chunk', data: { bytes } }));
    expect(read(frame, eventStream)).toEqual({});
  });
});
