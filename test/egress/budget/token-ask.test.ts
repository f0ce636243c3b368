/** What a call asks of its budget, and what is written into its request when it gets less. */
import { describe, expect, test } from 'vitest';
import { operationTable, type Budget } from '../../../decision/index.ts';
import { createPlainReader, replaceSpans, type BodyRead } from '../../../egress/body/index.ts';
import { capOutput, readOutputCap } from '../../../egress/budget/output-cap.ts';
import { computeAsk, computeCap, goingOn } from '../../../egress/budget/token-ask.ts';

const calls = {
  chat: ['openai', '/v1/chat/completions'],
  responses: ['openai', '/v1/responses'],
  embeddings: ['openai', '/v1/embeddings'],
  custom: ['custom', '/v1/chat/completions'],
  messages: ['anthropic', '/v1/messages'],
  google: ['google', '/v1beta/models/gemini-2.0-flash:generateContent'],
} as const;

function read(body: unknown): BodyRead & { choices: number } {
  const reader = createPlainReader('model', undefined);
  const refused = reader.push(Buffer.from(JSON.stringify(body)));
  const result = reader.end();
  if (refused !== undefined || result.kind !== 'read' || result.choices === undefined) {
    throw new Error(JSON.stringify(refused ?? result));
  }
  return { ...result, choices: result.choices };
}

function operationOf(call: keyof typeof calls) {
  const [schema, path] = calls[call];
  const operation = operationTable(schema)('POST', path);
  if (operation === undefined) throw new Error(`${call} is no operation`);
  return { schema, operation };
}

function capped(call: keyof typeof calls, body: object, cap: number): unknown {
  const edits = capOutput(operationOf(call), read(body), cap);
  if (edits === undefined) return 'cannot';
  const bytes = replaceSpans([Buffer.from(JSON.stringify(body))], edits);
  return JSON.parse(Buffer.concat(bytes).toString());
}

describe('the limit a request names', () => {
  test.each<[keyof typeof calls, object, number | undefined]>([
    ['chat', { max_tokens: 5 }, 5],
    ['chat', { max_completion_tokens: 7, max_tokens: 5 }, 7],
    ['chat', { max_output_tokens: 5 }, undefined],
    ['chat', { max_tokens: null }, undefined],
    ['chat', { max_tokens: -1 }, undefined],
    ['chat', { max_tokens: 5, max_completion_tokens: -1 }, undefined],
    ['chat', { max_tokens: 0 }, 0],
    ['responses', { max_output_tokens: 5, max_tokens: 9 }, 5],
    ['messages', { max_tokens: 5, max_output_tokens: 9 }, 5],
    ['google', { generationConfig: { maxOutputTokens: 5 } }, 5],
    ['google', { generation_config: { max_output_tokens: 6 } }, 6],
    ['google', { max_tokens: 5 }, undefined],
  ])('%s %j', (call, body, cap) => {
    expect(readOutputCap(operationOf(call).operation, read(body))).toBe(cap);
  });
});

describe('a request is told to hold less', () => {
  test.each<[keyof typeof calls, object, object]>([
    ['chat', { model: 'm' }, { max_completion_tokens: 9, model: 'm' }],
    ['custom', { model: 'm' }, { max_tokens: 9, model: 'm' }],
    ['chat', { max_tokens: 50, model: 'm' }, { max_tokens: 9, model: 'm' }],
    ['chat', { max_tokens: 5, model: 'm' }, { max_tokens: 5, model: 'm' }],
    ['chat', { max_tokens: 5, max_completion_tokens: 50 }, { max_tokens: 5, max_completion_tokens: 9 }],
    ['chat', { max_tokens: null, model: 'm' }, { max_tokens: 9, model: 'm' }],
    ['custom', { max_tokens: -1, model: 'm' }, { max_tokens: 9, model: 'm' }],
    ['chat', { max_tokens: 5, max_completion_tokens: -1 }, { max_tokens: 5, max_completion_tokens: 9 }],
    ['chat', { max_output_tokens: 5 }, { max_completion_tokens: 9, max_output_tokens: 5 }],
    ['responses', { model: 'm' }, { max_output_tokens: 9, model: 'm' }],
    ['messages', { model: 'm', max_tokens: 1e4 }, { model: 'm', max_tokens: 9 }],
    ['google', { contents: [] }, { generationConfig: { maxOutputTokens: 9 }, contents: [] }],
    ['google', { generationConfig: {} }, { generationConfig: { maxOutputTokens: 9 } }],
    ['google', { generation_config: { topK: 1 } }, { generation_config: { maxOutputTokens: 9, topK: 1 } }],
  ])('%s %j', (call, body, expected) => {
    expect(capped(call, body, 9)).toEqual(expected);
  });
});

const budget = (maxOutputTokens?: number): Budget => ({ limits: [], maxOutputTokens });

describe('what is asked', () => {
  const ask = (call: keyof typeof calls, body: object, limit?: number, bytes = 300) =>
    computeAsk(operationOf(call).operation, read(body), bytes, budget(limit));

  test.each<[string, ReturnType<typeof ask>, number, number]>([
    ['bytes and the answer it names', ask('chat', { max_tokens: 50 }), 116, 350],
    ['each of several answers', ask('chat', { max_tokens: 50, n: 3 }), 148, 450],
    ['the rule where it names more', ask('chat', { max_tokens: 50 }, 20), 116, 320],
    ['the rule where it names none', ask('chat', {}, 20), 116, 320],
    ['an answer of few tokens', ask('chat', { max_tokens: 3 }), 103, 303],
    ['no answer for embeddings', ask('embeddings', {}), 100, 300],
    ['no more than a context holds', ask('chat', { max_tokens: 50 }, undefined, 1e8), 100_016, 1_000_050],
  ])('%s', (_title, { least, most }, expectedLeast, expectedMost) => {
    expect([least, most]).toEqual([expectedLeast, expectedMost]);
  });

  test.each<[string, ReturnType<typeof ask>, number, number | undefined, number | undefined]>([
    ['all it asked: as it is', ask('chat', { max_tokens: 50 }), 350, undefined, undefined],
    ['all, but the rule allows less', ask('chat', { max_tokens: 50 }, 20), 320, 20, 20],
    ['all, and it named that there is none under a rule', ask('custom', { max_tokens: -1 }, 20), 320, 20, 20],
    ['all, and it named none under a rule', ask('chat', {}, 20), 320, 20, 20],
    ['all, and it named none', ask('chat', {}), 300 + 16_384, undefined, undefined],
    ['room beside every byte', ask('chat', { max_tokens: 50 }), 330, undefined, 30],
    ['room only as text usually is', ask('chat', { max_tokens: 50 }), 200, undefined, 50],
    ['the least', ask('chat', { max_tokens: 50 }), 116, undefined, 16],
    ['the least of three', ask('chat', { max_tokens: 50, n: 3 }), 148, undefined, 16],
  ])('%s', (_title, asked, granted, limit, cap) => {
    expect(computeCap(asked, granted, budget(limit))).toBe(cap);
  });
});

test('S48: what a server keeps and reads again is asked for too', () => {
  const { operation } = operationOf('responses');
  const ask = computeAsk(operation, read({ model: 'm', max_output_tokens: 50 }), 30, budget());
  expect(goingOn(ask, 1_000)).toMatchObject({
    ...{ least: ask.least + 1_000, most: ask.most + 1_000, output: 50 },
    ...{ inputBound: 1_030, inputEstimate: 1_010 },
  });
});
