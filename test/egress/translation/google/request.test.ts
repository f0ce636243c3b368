/** Requests as Google's SDKs and examples send them, and as they are sent to Google. */
import { describe, expect, test } from 'vitest';
import type { FormRequest } from '../../../../egress/translation/form.ts';
import { googleGenerateContent as google } from '../../../../egress/translation/google/index.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';

const path = '/v1beta/models/gemini-2.5-flash:generateContent';
const read = (body: object, at = path) =>
  google.readRequest({ path: at, query: '', body: body as { [name: string]: unknown } });

function done(body: object, at = path): FormRequest & { dropped: readonly string[] } {
  const result = read(body, at);
  if (result.kind !== 'done') throw new Error(`${result.what} ${result.why}`);
  return { ...result.value, dropped: result.dropped };
}

test('a conversation with parallel calls of one tool, as the SDK sends it', () => {
  const request = done({
    systemInstruction: { role: 'user', parts: [{ text: 'Be brief' }] },
    contents: [
      {
        role: 'user',
        parts: [{ text: 'Weather?' }, { inlineData: { mimeType: 'image/png', data: 'aGk=' } }],
      },
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'weather', args: { city: 'Oslo' } }, thoughtSignature: 'abc' },
          { functionCall: { name: 'weather', args: { city: 'Rome' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'weather', response: { output: '3 °C' } } },
          { functionResponse: { name: 'weather', response: { error: 'no such city' } } },
        ],
      },
    ],
    tools: [
      {
        functionDeclarations: [
          {
            name: 'weather',
            description: 'Of a city',
            parameters: {
              type: 'OBJECT',
              properties: {
                city: { type: 'STRING', nullable: true, enum: ['Oslo'] },
                days: { type: 'ARRAY', maxItems: '3', items: { type: 'INTEGER' } },
              },
              required: ['city'],
              propertyOrdering: ['city'],
            },
          },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    generationConfig: {
      candidateCount: 1,
      maxOutputTokens: 100,
      thinkingConfig: { thinkingBudget: 0, includeThoughts: true },
      responseMimeType: 'application/json',
    },
  });
  expect(request.system).toEqual([{ kind: 'text', text: 'Be brief' }]);
  expect(request.messages[1]?.parts).toEqual([
    {
      kind: 'tool-call',
      id: 'call_0',
      name: 'weather',
      arguments: '{"city":"Oslo"}',
      signature: markSignature('google', 'abc'),
    },
    { kind: 'tool-call', id: 'call_1', name: 'weather', arguments: '{"city":"Rome"}', signature: undefined },
  ]);
  expect(request.messages[2]?.parts).toEqual([
    {
      kind: 'tool-result',
      id: 'call_0',
      name: 'weather',
      parts: [{ kind: 'text', text: '3 °C' }],
      isError: false,
    },
    {
      kind: 'tool-result',
      id: 'call_1',
      name: 'weather',
      parts: [{ kind: 'text', text: 'no such city' }],
      isError: true,
    },
  ]);
  expect(request.tools[0]?.parameters).toEqual({
    type: 'object',
    properties: {
      city: { type: ['string', 'null'], enum: ['Oslo', null] },
      days: { type: 'array', maxItems: 3, items: { type: 'integer' } },
    },
    required: ['city'],
  });
  expect(request.toolChoice).toEqual({ kind: 'tool', name: 'weather' });
  expect([request.thinking, request.responseFormat]).toEqual([{ kind: 'off' }, { kind: 'json' }]);
  expect(request.dropped).toEqual(['safetySettings']);
});

test('names with underscores, as many examples write them; what users send keeps its own', () => {
  const request = done({
    system_instruction: { parts: [{ text: 'Be brief' }] },
    contents: [
      { parts: [{ inline_data: { mime_type: 'audio/wav', data: 'aGk=' } }] },
      { role: 'model', parts: [{ function_call: { name: 'f', args: { snake_case: 1 } } }] },
    ],
    generation_config: { max_output_tokens: 5, stop_sequences: ['x'] },
  });
  expect(request.system).toHaveLength(1);
  expect(request.messages[0]?.parts[0]).toMatchObject({ kind: 'audio', media: { mediaType: 'audio/wav' } });
  expect(request.messages[1]?.parts[0]).toMatchObject({ arguments: '{"snake_case":1}' });
  expect([request.maxOutputTokens, request.stop, request.dropped]).toEqual([5, ['x'], []]);
});

test.each([
  ['/v1/models/gemini-2.5-pro:generateContent', 'gemini-2.5-pro', false],
  ['/v1beta/models/gemini-2.5-pro:streamGenerateContent', 'gemini-2.5-pro', true],
  [
    '/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent',
    'gemini-2.5-pro',
    false,
  ],
])('%s asks %s (streamed: %s)', (at, model, stream) => {
  expect(done({ contents: [] }, at)).toMatchObject({ model, stream });
});

const content = (part: object) => ({ contents: [{ parts: [part] }] });
describe('what would change the meaning is refused', () => {
  test.each<[string, object]>([
    ['generationConfig.candidateCount', { generationConfig: { candidateCount: 2 } }],
    ['generationConfig.responseLogprobs', { generationConfig: { responseLogprobs: true } }],
    ['generationConfig.responseModalities', { generationConfig: { responseModalities: ['IMAGE'] } }],
    ['generationConfig.responseMimeType', { generationConfig: { responseMimeType: 'text/x.enum' } }],
    ['generationConfig.temperature', { generationConfig: { temperature: '1' } }],
    ['cachedContent', { cachedContent: 'cachedContents/1' }],
    ['tools[].googleSearch', { tools: [{ googleSearch: {} }] }],
    ['tools[].ofTomorrow', { tools: [{ functionDeclarations: [], ofTomorrow: {} }] }],
    ['contents[].role', { contents: [{ role: 'system', parts: [] }] }],
    ['contents[].parts[].executableCode', content({ executableCode: {} })],
    ['contents[].parts[]', content({ ofTomorrow: {} })],
    ['contents[].parts[].fileData.fileUri', content({ fileData: { fileUri: 'gs://bucket/file' } })],
    ['contents[].parts[].videoMetadata', content({ videoMetadata: { fps: 1 }, text: 'x' })],
    ['contents[].parts[].functionResponse', content({ functionResponse: { name: 'f', response: {} } })],
    ['systemInstruction.parts[]', { systemInstruction: { parts: [{ inlineData: {} }] } }],
    ['systemInstruction', { systemInstruction: { parts: [] }, system_instruction: { parts: [] } }],
  ])('%s', (what, body) => {
    expect(read({ contents: [], ...body })).toMatchObject({ kind: 'blocked', what });
  });

  test('a tool choice among some of the tools', () => {
    const tools = [{ functionDeclarations: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }];
    const choose = (...allowedFunctionNames: string[]) =>
      read({
        contents: [],
        tools,
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames } },
      });
    expect(choose('a', 'b')).toMatchObject({
      kind: 'blocked',
      what: 'toolConfig.functionCallingConfig.allowedFunctionNames',
    });
    expect(choose('c', 'b', 'a')).toMatchObject({ value: { toolChoice: { kind: 'any' } } });
  });

  test('another path, and a schema nested without end', () => {
    expect(read({}, '/v1beta/models/x:countTokens')).toMatchObject({ kind: 'blocked', what: 'path' });
    let schema: object = {};
    for (let depth = 0; depth < 100_000; depth += 1) schema = { items: schema };
    expect(read({ generationConfig: { responseSchema: schema } })).toMatchObject({ kind: 'blocked' });
  });
});

const base: FormRequest = {
  ...done({ contents: [] }),
  messages: [{ role: 'user', parts: [{ kind: 'text', text: 'Hi' }] }],
};
const write = (request: Partial<FormRequest>, prefix = '') =>
  google.writeRequest({ ...base, ...request }, prefix);

test('results go to Google in the order of the calls, which have no ids there', () => {
  const call = (id: string) =>
    ({ kind: 'tool-call', id, name: 'f', arguments: `{"id":"${id}"}`, signature: undefined }) as const;
  const result = (id: string) =>
    ({
      kind: 'tool-result',
      id,
      name: undefined,
      parts: [{ kind: 'text', text: id }],
      isError: false,
    }) as const;
  const written = write({
    model: 'gemini-3-pro',
    messages: [
      { role: 'assistant', parts: [call('a'), call('b')] },
      { role: 'user', parts: [result('b')] },
      { role: 'user', parts: [result('a'), { kind: 'text', text: 'Go on' }] },
    ],
  });
  expect(written).toMatchObject({
    value: {
      body: {
        contents: [
          // The first call of a turn needs a signature, or Google refuses it.
          {
            role: 'model',
            parts: [
              {
                functionCall: { name: 'f', args: { id: 'a' } },
                thoughtSignature: 'skip_thought_signature_validator',
              },
              { functionCall: { name: 'f', args: { id: 'b' } } },
            ],
          },
          {
            role: 'user',
            parts: [
              { functionResponse: { name: 'f', response: { output: 'a' } } },
              { functionResponse: { name: 'f', response: { output: 'b' } } },
              { text: 'Go on' },
            ],
          },
        ],
      },
    },
  });
});

test('what another model thought and signed does not go to Google', () => {
  const thought = { kind: 'thinking', text: 'Hm', redacted: undefined } as const;
  const parts = [
    { ...thought, signature: markSignature('claude', 'abc') },
    { ...thought, signature: markSignature('google', 'def') },
  ];
  expect(write({ messages: [{ role: 'assistant', parts }] })).toMatchObject({
    dropped: ['messages[].thinking'],
    value: { body: { contents: [{ parts: [{ text: 'Hm', thought: true, thoughtSignature: 'def' }] }] } },
  });
});

test.each([
  ['gemini-2.5-pro', 'high', { includeThoughts: true, thinkingBudget: 24_576 }],
  ['gemini-3-pro', 'minimal', { includeThoughts: true, thinkingLevel: 'MINIMAL' }],
] as const)('%s thinks %s', (model, effort, thinkingConfig) => {
  expect(write({ model, thinking: { kind: 'effort', effort } })).toMatchObject({
    value: { body: { generationConfig: { thinkingConfig } } },
  });
});

test.each([
  ['', '/v1beta/models/gemini-2.5-flash:streamGenerateContent'],
  ['/proxy', '/proxy/v1beta/models/gemini-2.5-flash:streamGenerateContent'],
  [
    '/v1/projects/p/locations/l/publishers/google',
    '/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:streamGenerateContent',
  ],
])('below %s the path is %s', (prefix, at) => {
  expect(write({ stream: true }, prefix)).toMatchObject({ value: { path: at, query: '?alt=sse' } });
});

test.each<[string, Partial<FormRequest>]>([
  [
    'parallelToolCalls',
    {
      parallelToolCalls: false,
      tools: [{ name: 'f', description: undefined, parameters: undefined, strict: undefined }],
    },
  ],
  ['model', { model: '' }],
  [
    'messages[].tool-call.arguments',
    {
      messages: [
        {
          role: 'assistant',
          parts: [{ kind: 'tool-call', id: 'a', name: 'f', arguments: '[1]', signature: undefined }],
        },
      ],
    },
  ],
  [
    'messages[].tool-result',
    {
      messages: [
        {
          role: 'user',
          parts: [{ kind: 'tool-result', id: 'a', name: undefined, parts: [], isError: false }],
        },
      ],
    },
  ],
])('%s cannot be said to Google', (what, request) => {
  expect(write(request)).toMatchObject({ kind: 'blocked', what });
});

test('a model cannot leave its place in the path', () => {
  expect(write({ model: '../../x?y#z' })).toMatchObject({
    value: { path: '/v1beta/models/..%2F..%2Fx%3Fy%23z:generateContent' },
  });
});
