/** Decision 058 tells what becomes of each part of a request in each API: its tables are what readers and writers do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chatCodecs } from '../../../egress/translation/index.ts';
import type { ChatApi } from '../../../egress/translation/codec.ts';
import type { FormRequest, Message, Part } from '../../../egress/translation/form.ts';
import { repositoryRoot } from '../../../scripts/source-files.ts';

const page = readFileSync(join(repositoryRoot, 'docs/decisions/058-translation.md'), 'utf8');

const models: Readonly<Record<ChatApi, string>> = {
  openai: 'gpt-4o',
  'openai-responses': 'gpt-4o',
  anthropic: 'claude-sonnet-4-5',
  google: 'gemini-2.5-flash',
  'bedrock-converse': 'anthropic.claude-sonnet-4-5-v1:0',
};
const apis = Object.keys(models) as ChatApi[];

const said: Message = { role: 'user', parts: [{ kind: 'text', text: 'hi' }] };
const plain: FormRequest = {
  ...{ model: 'm', stream: false, asksUsage: true, system: [], messages: [said], tools: [] },
  ...{ toolChoice: undefined, parallelToolCalls: undefined, maxOutputTokens: undefined, stop: [] },
  ...{ temperature: undefined, topP: undefined, topK: undefined, seed: undefined, user: undefined },
  ...{
    presencePenalty: undefined,
    frequencyPenalty: undefined,
    responseFormat: undefined,
    thinking: undefined,
  },
};
const tool = { name: 't', description: undefined, parameters: undefined, strict: undefined };
const call: Part = { kind: 'tool-call', id: 'c', name: 't', arguments: '{}', signature: undefined };
const image = { kind: 'base64', mediaType: 'image/png', data: 'aGk=' } as const;
const by = (role: Message['role'], ...parts: readonly Part[]): Partial<FormRequest> => ({
  messages: [said, { role, parts }],
});
const pdf = { kind: 'base64', mediaType: 'application/pdf', data: 'aGk=' } as const;
const url = (mediaType: string) => ({ kind: 'url', url: 'https://a.example/x', mediaType }) as const;

/** A row of the page: what is asked for. */
const asked: Readonly<Record<string, Partial<FormRequest>>> = {
  'a stop text': { stop: ['a'] },
  'more than four of them': { stop: ['a', 'b', 'c', 'd', 'e'] },
  'JSON by a schema': {
    responseFormat: { kind: 'json-schema', name: 'r', schema: { type: 'object' }, strict: undefined },
  },
  'JSON without one': { responseFormat: { kind: 'json' } },
  'one tool at a time': { tools: [tool], parallelToolCalls: false },
  'a strict tool': { tools: [{ ...tool, strict: true }] },
  'no tool any more, after some': {
    ...{ tools: [tool], toolChoice: { kind: 'none' } },
    messages: [
      said,
      { role: 'assistant', parts: [call] },
      { role: 'user', parts: [{ kind: 'tool-result', id: 'c', name: 't', parts: [], isError: false }] },
    ],
  },
  'a result that is an error': {
    messages: [
      said,
      { role: 'assistant', parts: [call] },
      {
        role: 'user',
        parts: [
          { kind: 'tool-result', id: 'c', name: 't', parts: [{ kind: 'text', text: 'x' }], isError: true },
        ],
      },
    ],
  },
  'temperature above 1': { temperature: 1.5 },
  'temperature and `top_p`': { temperature: 0.5, topP: 0.5 },
  '`top_k`': { topK: 5 },
  '`seed`': { seed: 1 },
  penalties: { presencePenalty: 1 },
  'who the user is': { user: 'ann' },
  'what another model thought': by(
    'assistant',
    { kind: 'thinking', text: 'x', signature: undefined, redacted: undefined },
    { kind: 'text', text: 'y' },
  ),
  'a picture, as bytes': by('user', { kind: 'image', media: image, detail: undefined }),
  'a picture, as a URL': by('user', { kind: 'image', media: url('image/png'), detail: undefined }),
  'how closely it is looked at': by('user', { kind: 'image', media: image, detail: 'high' }),
  'a picture the model made': by('assistant', { kind: 'image', media: image, detail: undefined }),
  'a PDF, as bytes': by('user', { kind: 'file', media: pdf, name: undefined }),
  'its name': by('user', { kind: 'file', media: pdf, name: 'a' }),
  'a PDF, as a URL': by('user', { kind: 'file', media: url('application/pdf'), name: undefined }),
  'sound (WAV)': by('user', {
    kind: 'audio',
    media: { kind: 'base64', mediaType: 'audio/wav', data: 'aGk=' },
  }),
  'the assistant begins': { messages: [{ role: 'assistant', parts: [{ kind: 'text', text: 'x' }] }, said] },
};

function becomes(api: ChatApi, feature: Partial<FormRequest>): string {
  const written = chatCodecs[api].writeRequest({ ...plain, ...feature, model: models[api] }, '');
  if (written.kind === 'blocked') return 'refused';
  return written.dropped.length === 0 ? '✓' : 'told';
}

test('what each API takes', () => {
  const rows = Object.entries(asked).map(
    ([label, feature]) => `| ${[label, ...apis.map((api) => becomes(api, feature))].join(' | ')} |`,
  );
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
});

const user = [{ role: 'user', content: 'hi' }];
const converse = [{ role: 'user', content: [{ text: 'hi' }] }];
const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
const base: Readonly<Record<ChatApi, { readonly path: string; readonly body: Record<string, unknown> }>> = {
  openai: { path: '/v1/chat/completions', body: { model: 'm', messages: user } },
  'openai-responses': { path: '/v1/responses', body: { model: 'm', input: 'hi' } },
  anthropic: { path: '/v1/messages', body: { model: 'm', messages: user, max_tokens: 5 } },
  google: { path: '/v1beta/models/m:generateContent', body: { contents } },
  'bedrock-converse': { path: '/model/m/converse', body: { messages: converse } },
};

/** By API: words of the page, and a request with it. */
const own: Readonly<Record<ChatApi, Readonly<Record<string, object>>>> = {
  openai: {
    '`n` above 1': { n: 2 },
    '`logprobs`': { logprobs: true },
    '`logit_bias`': { logit_bias: { 1: 2 } },
    '`functions`': { functions: [] },
    '`prompt`': { prompt: 'x' },
    'sound as an answer': { modalities: ['text', 'audio'] },
    'web search': { web_search_options: {} },
    'files kept there': { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
  },
  'openai-responses': {
    '`previous_response_id`': { previous_response_id: 'r' },
    '`conversation`': { conversation: 'c' },
    '`prompt`': { prompt: { id: 'p' } },
    '`background`': { background: true },
    '`top_logprobs`': { top_logprobs: 2 },
    '`moderation`': { moderation: {} },
    'tools of OpenAI’s own': { tools: [{ type: 'web_search' }] },
    'files kept there': {
      input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }],
    },
  },
  anthropic: {
    'server tools': { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    '`mcp_servers`': { mcp_servers: [{ name: 'a' }] },
    '`container`': { container: 'c' },
    'files kept there': {
      messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }],
    },
  },
  google: {
    '`cachedContent`': { cachedContent: 'c' },
    '`candidateCount` above 1': { generationConfig: { candidateCount: 2 } },
    '`responseLogprobs`': { generationConfig: { responseLogprobs: true } },
    'other modalities': { generationConfig: { responseModalities: ['IMAGE'] } },
    'tools of Google’s own': { tools: [{ googleSearch: {} }] },
    'some of the tools alone': {
      tools: [{ functionDeclarations: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['a', 'b'] } },
    },
    'files kept there': {
      contents: [{ role: 'user', parts: [{ fileData: { fileUri: 'gs://a/b', mimeType: 'image/png' } }] }],
    },
  },
  'bedrock-converse': {
    '`guardrailConfig`': { guardrailConfig: { guardrailIdentifier: 'g' } },
    '`promptVariables`': { promptVariables: {} },
    'other fields of one model': { additionalModelRequestFields: { odd: 1 } },
    'tools of Bedrock’s own': { toolConfig: { tools: [{ systemTool: { name: 'a' } }] } },
    'places in S3': {
      messages: [
        { role: 'user', content: [{ image: { format: 'png', source: { s3Location: { uri: 's3://a' } } } }] },
      ],
    },
  },
};

describe('what only one API has is refused', () => {
  test.each(apis)('%s', (api) => {
    const { path, body } = base[api];
    const read = (more: object) =>
      chatCodecs[api].readRequest({ path, query: '', body: { ...body, ...more } }).kind;
    expect(read({})).toBe('done');
    expect(Object.entries(own[api]).filter(([, more]) => read(more) !== 'blocked')).toEqual([]);
    const row = page.split('\n').find((line) => line.startsWith(`| ${api} |`)) ?? '';
    expect(Object.keys(own[api]).filter((label) => !row.includes(label))).toEqual([]);
  });

  test.each(apis)('%s: a member nobody knows is left out and told', (api) => {
    const { path, body } = base[api];
    const read = chatCodecs[api].readRequest({ path, query: '', body: { ...body, tomorrow: 1 } });
    expect(read).toMatchObject({ kind: 'done', dropped: ['tomorrow'] });
  });
});
