/** What a translated stream makes of an upstream that is cut, goes on without end, or sends what no reader expects. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import {
  chatCodecs,
  framings,
  StreamAnswer,
  translateAnswer,
  type CallTranslation,
} from '../../../egress/translation/index.ts';

type Api = keyof typeof chatCodecs;

function callOf(
  from: Api,
  to: Api,
  upstreamFraming: CallTranslation['upstreamFraming'] = 'sse',
): CallTranslation {
  return {
    ...{ from: chatCodecs[from], to: chatCodecs[to], framing: 'sse', upstreamFraming, stream: true },
    upstreamMediaType: framings[upstreamFraming].mediaType,
    context: { model: 'm', asksUsage: false, id: 'id_1', created: 1 },
  };
}

const sse = (...events: unknown[]): Buffer =>
  Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
const chunk = (delta: unknown, reason: string | null = null): unknown => ({
  id: 'c',
  choices: [{ index: 0, delta, finish_reason: reason }],
});

test.each([
  ['half an event', 'data: {"id":', false],
  ['a whole one', '', true],
])('a stream that has said why it stopped, then %s, is whole: %s', (_title, rest, isWhole) => {
  const stream = new StreamAnswer(callOf('anthropic', 'openai'));
  stream.push(sse(chunk({ content: 'hey' }), chunk({}, 'stop')));
  stream.push(Buffer.from(rest));
  expect(stream.end().isWhole).toBe(isWhole);
});

test.each([
  ['', false],
  [']', true],
])('a JSON list that ends with "%s" is whole: %s', (rest, isWhole) => {
  const stream = new StreamAnswer(callOf('anthropic', 'google', 'json-array'));
  const candidate = { content: { parts: [{ text: 'hey' }] }, finishReason: 'STOP' };
  stream.push(Buffer.from(`[${JSON.stringify({ candidates: [candidate] })}${rest}`));
  expect(stream.end().isWhole).toBe(isWhole);
});

test('an error whose type is no text is an error all the same', () => {
  const stream = new StreamAnswer(callOf('anthropic', 'openai'));
  const out = stream.push(Buffer.from('data: {"error":{"type":{"toString":1},"code":[{"toString":1}]}}\n\n'));
  expect(out.toString()).toContain('event: error');
  expect(stream.hasFailed).toBe(true);
});

const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;

test.each<[Api, string]>([
  ['anthropic', `{"content":[{"type":"tool_use","id":"i","name":"n","input":${deep}}]}`],
  ['google', `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"n","args":${deep}}}]}}]}`],
  ['bedrock-converse', `{"output":{"message":{"content":[{"toolUse":{"name":"n","input":${deep}}}]}}}`],
])('an answer of %s whose arguments are nested too deep is none', (to, body) => {
  expect(translateAnswer(callOf('openai', to), Buffer.from(body))).toBeUndefined();
});

test('so is a streamed call of Google', () => {
  const stream = new StreamAnswer(callOf('openai', 'google'));
  const part = `{"functionCall":{"name":"n","args":${deep}}}`;
  const out = stream.push(Buffer.from(`data: {"candidates":[{"content":{"parts":[${part}]}}]}\n\n`));
  expect(out.toString()).toContain('UPSTREAM_UNREADABLE');
  expect(out.toString()).not.toContain('tool_calls');
  expect(stream.hasFailed).toBe(true);
});

const opened = (at: number): unknown => ({
  ...{ type: 'response.output_item.added', output_index: at },
  item: { type: 'function_call', call_id: `call_${at}`, name: 'look', arguments: '' },
});

test.each<[Api]>([['anthropic'], ['google'], ['openai']])(
  'parts that are open at once are bounded for an agent of %s',
  (from) => {
    const stream = new StreamAnswer(callOf(from, 'openai-responses'));
    stream.push(sse(...Array.from({ length: 256 }, (_, at) => opened(at))));
    expect(stream.hasFailed).toBe(false);
    expect(stream.push(sse(opened(256))).toString()).toContain('more open at once');
    expect(stream.hasFailed && stream.isUnreadable).toBe(true);
    expect(stream.push(sse(opened(257)))).toHaveLength(0);
  },
);

const argument = (text: string, index = 0): unknown =>
  chunk({ tool_calls: [{ index, id: `call_${index}`, function: { name: 'look', arguments: text } }] });

test.each<[Api, number]>([
  ['openai-responses', 0],
  ['google', 0],
  // The first is written as it comes; the second waits.
  ['anthropic', 1],
])('what is kept for an agent of %s is bounded', (from, index) => {
  const stream = new StreamAnswer(callOf(from, 'openai'));
  stream.push(sse(argument('', 0), argument('', index)));
  const mebi = 'x'.repeat(1024 * 1024 - 1024);
  for (let at = 0; at < 4; at += 1) {
    expect(stream.push(sse(argument(mebi, index))).toString()).not.toContain('more open at once');
  }
  expect(stream.push(sse(argument(mebi, index))).toString()).toContain('more open at once');
});

test('calls that are whole are kept no longer for an agent of Google', () => {
  const stream = new StreamAnswer(callOf('google', 'anthropic'));
  const args = JSON.stringify({ a: 'x'.repeat(1024 * 1024) });
  for (let index = 0; index < 6; index += 1) {
    stream.push(
      sse(
        {
          type: 'content_block_start',
          index,
          content_block: { type: 'tool_use', id: 'i', name: 'n', input: {} },
        },
        { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: args } },
        { type: 'content_block_stop', index },
      ),
    );
  }
  expect(stream.hasFailed).toBe(false);
});

const lastOfGoogle = {
  candidates: [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
};

test.each([
  ['events', 'sse', `data: ${JSON.stringify(lastOfGoogle)}\n\n`, 'data: {"candi'],
  ['a list', 'json-array', `[${JSON.stringify(lastOfGoogle)}]`, `[${JSON.stringify(lastOfGoogle)}`],
] as const)('%s of Google ended whole, or cut behind the reason', (_, framing, whole, cut) => {
  const ended = new StreamAnswer(callOf('openai', 'google', framing));
  ended.push(Buffer.from(whole));
  const { isWhole, rest } = ended.end();
  expect([isWhole, rest.toString().endsWith('data: [DONE]\n\n')]).toEqual([true, true]);
  const stopped = new StreamAnswer(callOf('openai', 'google', framing));
  const said = stopped.push(Buffer.from(framing === 'sse' ? `${whole}${cut}` : cut)).toString();
  expect(said).not.toContain('"finish_reason":"stop"');
  expect(stopped.end()).toEqual({ rest: Buffer.alloc(0), isWhole: false });
});
