/** A stream that grows past what its budget counts with ends in its agent's own schema, behind a whole event, and is charged as seen. */
import { describe, expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { createConfig } from '../gateway-config.ts';
import { sent, type Script, type ScriptOptions } from './exchange-script.ts';

const models = ['gpt-4o', 'claude-3-5-sonnet-latest', 'gemini-2.5-pro'];

function under(): GatewayConfig {
  const config = createConfig('192.0.2.1', 443);
  const filters = [{ type: 'TokenBudget' as const, account: 'a', maxTokensPerDay: 100_000 }];
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: ['openai', 'anthropic', 'google'].map((provider) => ({
      ...{ matches: [{ provider, models, endpoints: [] }], filters, backends: [] },
    })),
  }));
  return { ...config, providerRoutes };
}

interface Api {
  readonly host: string;
  readonly target: string;
  readonly ask: string;
  readonly delta: (text: string) => string;
  readonly error: RegExp;
}

const openai: Api = {
  host: 'api.openai.com',
  target: '/v1/chat/completions',
  ask: '{"model":"gpt-4o","stream":true,"max_tokens":10,"messages":[]}',
  delta: (text) =>
    `data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`,
  error: /data: \{"error":\{.*BUDGET_CUT.*\}\}\n\n$/,
};
const responses: Api = {
  host: 'api.openai.com',
  target: '/v1/responses',
  ask: '{"model":"gpt-4o","stream":true,"max_output_tokens":10,"input":"x"}',
  delta: (text) =>
    `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"${text}"}\n\n`,
  error: /event: error\ndata: \{"type":"error",.*BUDGET_CUT.*\n\n$/,
};
const anthropic: Api = {
  host: 'api.anthropic.com',
  target: '/v1/messages',
  ask: '{"model":"claude-3-5-sonnet-latest","stream":true,"max_tokens":10,"messages":[]}',
  delta: (text) =>
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}\n\n`,
  error: /event: error\ndata: \{"type":"error","error":\{.*BUDGET_CUT.*\}\}\n\n$/,
};
const google: Api = {
  host: 'generativelanguage.googleapis.com',
  target: '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
  ask: '{"generationConfig":{"maxOutputTokens":10},"contents":[]}',
  delta: (text) =>
    `data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"${text}"}]}}]}\r\n\r\n`,
  error: /data: \{"error":\{.*BUDGET_CUT.*\}\}\n\n$/,
};

/** Opens what its text belongs to, where the API does. */
const starts: ReadonlyMap<Api, string> = new Map([
  [
    anthropic,
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"claude","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}\n\n' +
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  ],
  [
    responses,
    'event: response.created\ndata: {"type":"response.created","response":{"id":"r","model":"gpt-4o","output":[]}}\n\n' +
      'event: response.output_item.added\ndata: {"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","role":"assistant","content":[]}}\n\n' +
      'event: response.content_part.added\ndata: {"type":"response.content_part.added","item_id":"m","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}\n\n',
  ],
]);

async function stream(api: Api, more: ScriptOptions = {}): Promise<Script> {
  const talk = await sent(
    { config: under(), ledger: new MemoryLedger(), host: api.host, target: api.target, ...more },
    api.ask,
  );
  const fields = [createField('Content-Type', 'text/event-stream')];
  talk.tries[0]?.reader.head({ status: 200, reason: 'OK', fields, bodyLength: undefined });
  talk.tries[0]?.reader.body(Buffer.from(starts.get(api) ?? ''));
  return talk;
}

const push = (talk: Script, text: string): void => void talk.tries[0]?.reader.body(Buffer.from(text));

function attributeOf(talk: Script, name: string): unknown {
  const list = talk.records[0]?.attributes;
  return list?.values[list.names.indexOf(name)];
}

describe.each(Object.entries({ openai, responses, anthropic, google }))('S48: %s', (_name, api) => {
  test('an answer longer than its budget counts with ends behind an event, with an error of its API', async () => {
    const talk = await stream(api);
    const event = api.delta('x'.repeat(100));
    for (let n = 0; n < 3; n += 1) push(talk, event);
    expect(talk.told()).not.toContain('BUDGET_CUT');
    // The one too many comes in two pieces, with one behind it.
    push(talk, event.slice(0, 30));
    push(talk, event.slice(30) + event);
    const told = talk.told();
    expect(told.split('x'.repeat(100))).toHaveLength(5);
    expect(told.replace(/ \| end$/, '')).toMatch(api.error);
    expect(told).toMatch(/ \| end$/);
    expect(talk.tries[0]?.aborted).toBe(true);
    expect(attributeOf(talk, 'clrk.egress.deny_reason')).toBe('budget');
    // 400 letters are a hundred tokens, whatever was promised.
    expect(attributeOf(talk, 'clrk.budget.charged_tokens')).toBeGreaterThanOrEqual(100);
  });

  test('one within it goes on as it came', async () => {
    const talk = await stream(api);
    const all = Array.from({ length: 10 }, () => api.delta('x'.repeat(30))).join('');
    push(talk, all);
    expect(talk.told()).toBe(`200 ${starts.get(api) ?? ''}${all}`);
  });
});

test('what the upstream tells while it goes on counts as told, and not once it is over', async () => {
  const usage = (tokens: number, end: string): string =>
    `data: {"candidates":[{"index":0,"content":{"parts":[{"text":"x"}]}${end}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":${tokens}}}\n\n`;
  const over = await stream(google);
  push(over, usage(11, ''));
  expect(over.told()).toContain('BUDGET_CUT');
  const done = await stream(google);
  push(done, usage(11, ',"finishReason":"STOP"'));
  expect(done.told()).not.toContain('BUDGET_CUT');
});

test('what cannot be read passes', async () => {
  const talk = await stream(openai);
  push(talk, 'data: {"choices":[{"delta":{"content":7}}]}\n\ndata: no json\n\ndata: [DONE]\n\n');
  expect(talk.told()).toContain('[DONE]');
});

test('S48: what was cut is charged what was promised at least, whatever it had told before', async () => {
  const talk = await stream(openai);
  push(
    talk,
    'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n',
  );
  for (let n = 0; n < 4; n += 1) push(talk, openai.delta('x'.repeat(100)));
  expect(talk.told()).toContain('BUDGET_CUT');
  expect(attributeOf(talk, 'clrk.budget.charged_tokens')).toBeGreaterThanOrEqual(100);
});
