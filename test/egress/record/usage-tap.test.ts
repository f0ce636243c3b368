import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecFor, codecOf, type Facts } from '../../../egress/providers/index.ts';
import { operationTable } from '../../../decision/index.ts';
import { PriceList } from '../../../egress/price.ts';
import { createUsageTap } from '../../../egress/record/usage-tap.ts';

const prices = new PriceList();

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
    usage: 'whole',
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
  expect(prices.costOf('openai', facts, 'a')).toBeUndefined();
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
  ['gzip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
  ['deflate', zlib.deflateRawSync],
  ['br', zlib.brotliCompressSync],
])('a %s answer is decoded beside the stream', (encoding, compress) => {
  expect(tap('anthropic', compress(anthropicStream), 'text/event-stream', encoding)).toMatchObject({
    outputTokens: 42,
  });
});

test('S31: a compression bomb leaves facts unknown and memory bounded', () => {
  const bomb = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect(tap('openai', bomb, 'application/json', 'gzip', 65_536)).toEqual({});
});

test('S30: an endless line is passed over, the next event still counts', () => {
  const stream = `data: ${'x'.repeat(2_000_000)}\n\n${sse({ id: 'c', model: 'm', usage: { prompt_tokens: 1, completion_tokens: 1 } })}`;
  expect(tap('openai', stream, 'text/event-stream', undefined, 65_536)).toMatchObject({ inputTokens: 1 });
});

const filler = 'x'.repeat(3_000_000);
const usage = '"usage":{"input_tokens":5,"output_tokens":7}';
const used = { inputTokens: 5, outputTokens: 7, usage: 'whole' };

describe('usage is found wherever the format allows it to be', () => {
  const events = 'text/event-stream';
  test.each([
    ['lines end by CR', events, sse({ id: 'c' }, JSON.parse(`{${usage}}`)).replaceAll('\r\n', '\r')],
    ['lines end by LF', events, sse({ id: 'c' }, JSON.parse(`{${usage}}`)).replaceAll('\r\n', '\n')],
    ['data over two lines', events, `data: {"id":"c",\ndata: ${usage}}\n\n`],
    ['a byte order mark', events, `\ufeffdata: {${usage}}\n\n`],
    ['no space after data:', events, `data:{${usage}}\n\n`],
    ['comments and other fields', events, `: hi\nid: 1\nevent: x\nretry: 5\ndata: {${usage}}\n\n`],
    ['no empty line at the end', events, `data: {${usage}}`],
    ['a name spelled with escapes', events, `data: {${usage.replace('usage', '\\u0075s\\u0061ge')}}\n\n`],
    ['an event of 3 MB', events, `data: {"response":{"output":[{"result":"${filler}"}],${usage}}}\n\n`],
    ['a document of 3 MB', 'application/json', `{"output":[{"result":"${filler}"}],${usage},"metadata":{}}`],
    ['usage before 3 MB', 'application/json', `{${usage},"output":[{"result":"${filler}"}]}`],
    ['a media type with +json', 'application/vnd.api+json', `{${usage}}`],
  ])('%s', (_title, type, body) => {
    expect(tap('openai', body, type, undefined, 65_536)).toMatchObject(used);
    if (body.length < 10_000) expect(tap('openai', body, type, undefined, 1)).toMatchObject(used);
  });
});

test.each(['gzip', 'deflate', 'br', 'zstd'])('a %s answer of megabytes is read as it comes', (coding) => {
  const { gzipSync, deflateSync, brotliCompressSync } = zlib;
  // Only from Node 22.15 on.
  const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (bytes: Buffer) => Buffer };
  const compress = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }[
    coding
  ];
  const words = Array.from({ length: 200_000 }, (_, index) => ((index * 2_654_435_761) >>> 0).toString(36));
  const body = Buffer.from(`data: {"x":"${words.join(' ')}"}\n\ndata: {${usage}}\n\n`);
  if (compress === undefined) {
    expect(tap('openai', body, 'text/event-stream', coding)).toEqual({});
    return;
  }
  const compressed = compress(body);
  expect(tap('openai', compressed, 'text/event-stream', coding, 16_384)).toMatchObject(used);
});

test.each(['gzip, br', 'compress', 'aes128gcm'])(
  'coding %s is not understood, so usage is unknown',
  (coding) => {
    expect(
      createUsageTap(openai(), {}, { contentType: 'application/json', encoding: coding }),
    ).toBeUndefined();
  },
);

function openai() {
  const codec = codecOf('openai');
  if (codec === undefined) throw new Error('no codec');
  return codec;
}

describe('what was cut is told as partial, and has no price', () => {
  const start = (usage: unknown) => ({
    type: 'message_start',
    message: { id: 'm', model: 'claude-sonnet-4-5', usage },
  });
  test.each([
    [
      'Anthropic before its delta',
      'anthropic',
      'text/event-stream',
      sse(start({ input_tokens: 9, output_tokens: 1 })),
    ],
    [
      'Gemini between chunks',
      'google',
      'text/event-stream',
      sse({ modelVersion: 'gemini-2.5-pro', usageMetadata: { promptTokenCount: 9 } }),
    ],
    [
      'a Gemini list',
      'google',
      'application/json',
      '[{"modelVersion":"gemini-2.5-pro","usageMetadata":{"promptTokenCount":9}},\n{"usageMe',
    ],
    [
      'a document in its usage',
      'openai',
      'application/json',
      '{"model":"gpt-4o","usage":{"prompt_tokens":9,"comple',
    ],
    [
      'an event in its usage',
      'openai',
      'text/event-stream',
      'data: {"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":9,"comple',
    ],
    [
      'usage so far',
      'openai',
      'text/event-stream',
      sse({ model: 'gpt-4o', choices: [{ finish_reason: null }], usage: { prompt_tokens: 9 } }),
    ],
  ])('%s', (_title, provider, type, body) => {
    const facts = tap(provider, body, type);
    expect(facts).toMatchObject({ inputTokens: 9, usage: 'partial' });
    expect(prices.costOf(provider, facts, 'a')).toBeUndefined();
  });

  test('a stream that breaks off after its usage was told has it whole', () => {
    const body = `${sse({ model: 'gpt-4o', usage: { prompt_tokens: 9, completion_tokens: 1 } })}data: [DO`;
    expect(tap('openai', body, 'text/event-stream')).toMatchObject({ usage: 'whole' });
  });
});

test.each([
  [
    'all totals again',
    { input_tokens: 10, cache_creation_input_tokens: 5, cache_read_input_tokens: 1000, output_tokens: 5 },
  ],
  ['some of them', { input_tokens: 10, output_tokens: 5 }],
  ['none but output', { output_tokens: 5 }],
  [
    'null for none',
    { input_tokens: 10, cache_creation_input_tokens: null, cache_read_input_tokens: null, output_tokens: 5 },
  ],
])('Anthropic tells usage in parts, the delta with %s', (_title, delta) => {
  const told = {
    input_tokens: 10,
    cache_read_input_tokens: 1000,
    cache_creation_input_tokens: 5,
    output_tokens: 1,
  };
  const body = sse(
    { type: 'message_start', message: { id: 'm', usage: told } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: delta },
  );
  expect(tap('anthropic', body, 'text/event-stream')).toMatchObject({
    inputTokens: 1015,
    outputTokens: 5,
    cacheReadTokens: 1000,
    cacheCreationTokens: 5,
    usage: 'whole',
  });
});

test('what is not part of the plain counts is seen: tools, hours, tiers, audio', () => {
  const one = (provider: string, body: unknown): Facts =>
    tap(provider, JSON.stringify(body), 'application/json');
  expect(
    one('google', { usageMetadata: { promptTokenCount: 8, toolUsePromptTokenCount: 50 } }).inputTokens,
  ).toBe(58);
  expect(
    one('anthropic', {
      usage: {
        input_tokens: 1,
        cache_creation: { ephemeral_1h_input_tokens: 100, ephemeral_5m_input_tokens: 11 },
      },
    }),
  ).toMatchObject({ inputTokens: 112, cacheCreationTokens: 111, cacheCreationHourTokens: 100 });
  expect(one('openai', { service_tier: 'flex', usage: { prompt_tokens: 1 } })).toMatchObject({
    serviceTier: 'flex',
  });
  expect(
    one('openai', { usage: { prompt_tokens: 1, prompt_tokens_details: { audio_tokens: 4 } } }).surcharged,
  ).toBe(true);
  expect(
    one('openai', { output: [{ type: 'web_search_call' }], usage: { input_tokens: 1 } }).surcharged,
  ).toBe(true);
  expect(
    one('anthropic', { usage: { input_tokens: 1, server_tool_use: { web_search_requests: 2 } } }).surcharged,
  ).toBe(true);
  expect(
    one('google', { usageMetadata: { promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 3 }] } })
      .surcharged,
  ).toBe(true);
  const image = [{ modality: 'IMAGE', tokenCount: 1_290 }];
  expect(one('google', { usageMetadata: { candidatesTokensDetails: image } }).surcharged).toBe(true);
  expect(one('google', { usageMetadata: { promptTokensDetails: image } }).surcharged).toBeUndefined();
  expect(one('anthropic', { usage: { input_tokens: 1, speed: 'fast' } }).surcharged).toBe(true);
  expect(one('anthropic', { usage: { input_tokens: 1, speed: 'standard' } }).surcharged).toBeUndefined();
});

test.each([
  ['google', '/v1beta/openai/chat/completions', 'gcp.gemini'],
  ['anthropic', '/v1/chat/completions', 'anthropic'],
  ['bedrock', '/openai/v1/chat/completions', 'aws.bedrock'],
  ['azure-openai', '/openai/deployments/d/chat/completions', 'azure.ai.openai'],
  ['custom', '/api/v1/chat/completions', 'custom'],
])('%s at %s is read in the schema of OpenAI, as %s', (provider, path, name) => {
  const codec = codecFor(provider, operationTable(provider)('POST', path)?.shape);
  expect(codec?.genAiName).toBe(name);
  const facts: Facts = {};
  codec?.readResponse({ usage: { prompt_tokens: 3, completion_tokens: 4 } }, facts);
  expect(facts).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  expect(JSON.parse(codec?.renderError(403, 'EGRESS_DENIED', 'no') ?? '')).toMatchObject({
    error: { code: 'EGRESS_DENIED' },
  });
});

test('a path of the Anthropic schema on another host, and those that are nobody else', () => {
  const facts: Facts = {};
  codecFor('custom', 'anthropic')?.readResponse(
    { usage: { input_tokens: 1, cache_read_input_tokens: 2 } },
    facts,
  );
  expect(facts.inputTokens).toBe(3);
  expect(codecFor('google', 'google')).toBe(codecOf('google'));
  expect(codecFor('openai', undefined)).toBe(codecOf('openai'));
  expect(codecFor('nobody', 'anthropic')).toBeUndefined();
});

const words = fc.constantFrom(
  'id',
  'model',
  'usage',
  'message',
  'delta',
  'response',
  'choices',
  'output',
  'type',
  'status',
  'service_tier',
  'stop_reason',
  'finish_reason',
  'input_tokens',
  'prompt_tokens',
  'output_tokens',
  'completion_tokens',
  'cache_read_input_tokens',
  'cache_creation',
  'ephemeral_1h_input_tokens',
  'prompt_tokens_details',
  'audio_tokens',
  'server_tool_use',
  'usageMetadata',
  'promptTokenCount',
  'candidates',
  'finishReason',
  'promptTokensDetails',
  'inputTokens',
  'stopReason',
  '__proto__',
  'toString',
);
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    Number.NaN,
    Infinity,
    -1,
    -0,
    1.5,
    2 ** 53,
    2 ** 53 - 1,
    1e308,
    null,
    true,
    '',
    '9',
    undefined,
    'x'.repeat(100_000),
  ),
  fc.string({ unit: 'binary' }),
  fc.nat(),
);
const { any } = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    odd,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(words, tie('any'), { maxKeys: 6, noNullPrototype: false }),
  ),
}));

test('property: whatever stands anywhere in an answer, facts are of their kind and bounded, and nothing throws', () => {
  const names = fc.constantFrom('openai', 'anthropic', 'google', 'azure-openai', 'bedrock', 'custom');
  const answers = fc.array(fc.dictionary(words, any, { maxKeys: 6 }), { maxLength: 4 });
  fc.assert(
    fc.property(names, answers, fc.boolean(), (provider, bodies, parsed) => {
      const codec = codecOf(provider);
      const facts: Facts = {};
      for (const body of bodies) if (parsed) codec?.readResponse(body, facts);
      const seen = parsed ? facts : tap(provider, sse(...bodies), 'text/event-stream', undefined, 7);
      for (const [name, value] of Object.entries(seen)) {
        if (name.endsWith('Tokens')) expect(Number.isSafeInteger(value) && (value as number) >= 0).toBe(true);
        else expect(JSON.stringify(value).length).toBeLessThan(16 * 1_300);
      }
      expect(prices.costOf(provider, { ...seen, model: 'gpt-4o' }, 'a') ?? 0).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 1_000 },
  );
});

test('property: however an answer is split, the facts are the same', () => {
  fc.assert(
    fc.property(fc.constantFrom('\r\n', '\n', '\r'), fc.nat({ max: 40 }), (end, step) => {
      const body = anthropicStream.replaceAll('\r\n', end);
      const once = tap('anthropic', body, 'text/event-stream', undefined, body.length);
      expect(tap('anthropic', body, 'text/event-stream', undefined, step + 1)).toEqual(once);
      expect(once.inputTokens).toBe(105);
    }),
  );
});

test('S30: hundreds of megabytes of one event or document are not kept, and not searched twice', () => {
  for (const type of ['text/event-stream', 'application/json']) {
    const before = process.memoryUsage();
    const cpu = process.cpuUsage();
    const usageTap = createUsageTap(openai(), {}, { contentType: type, encoding: undefined });
    usageTap?.push(Buffer.from('data: {"a":"'.slice(type === 'application/json' ? 6 : 0)));
    const part = Buffer.alloc(1024 * 1024, 'x');
    for (let count = 0; count < 200; count += 1) usageTap?.push(part);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(
      16 * 1024 * 1024,
    );
    expect(process.cpuUsage(cpu).user).toBeLessThan(10_000_000);
    usageTap?.end();
  }
});

test.each([
  ['not JSON', '<html>'],
  ['negative and fractional counts', '{"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}'],
  ['counts as text', '{"usage":{"prompt_tokens":"9"}}'],
])('%s: nothing is claimed', (_name, body) => {
  const facts = tap('openai', body, 'application/json');
  expect([facts.inputTokens, facts.outputTokens]).toEqual([undefined, undefined]);
  expect(facts.miscounted === true).toBe(body.startsWith('{'));
});
