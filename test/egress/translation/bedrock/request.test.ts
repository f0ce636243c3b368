/** Requests as AWS's SDKs send them, and as they are sent to Bedrock. */
import { describe, expect, test } from 'vitest';
import { bedrockConverse as bedrock } from '../../../../egress/translation/bedrock/index.ts';
import type { FormRequest, Part } from '../../../../egress/translation/form.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';

const claude = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const path = `/model/${encodeURIComponent(claude)}/converse`;
const read = (body: object, at = path) => bedrock.readRequest({ path: at, query: '', body: { ...body } });

function done(body: object, at = path): FormRequest & { dropped: readonly string[] } {
  const result = read(body, at);
  if (result.kind !== 'done') throw new Error(`${result.what} ${result.why}`);
  return { ...result.value, dropped: result.dropped };
}

test('a conversation with thoughts, calls, results, documents and cache points', () => {
  const request = done({
    system: [{ text: 'Be brief' }, { cachePoint: { type: 'default' } }],
    messages: [
      {
        role: 'user',
        content: [
          { text: 'Read' },
          { document: { format: 'txt', name: 'notes', source: { text: 'ü' } } },
          { image: { format: 'jpeg', source: { bytes: 'aGk=' } } },
          { cachePoint: { type: 'default' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm', signature: 'sig' } } },
          { reasoningContent: { redactedContent: 'cmVk' } },
          { toolUse: { toolUseId: 'tooluse_1', name: 'f', input: { a: 1 } } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            toolResult: {
              toolUseId: 'tooluse_1',
              status: 'error',
              content: [{ json: { b: 2 } }, { text: 'x' }],
            },
          },
        ],
      },
    ],
    inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
    toolConfig: {
      tools: [
        { toolSpec: { name: 'f', description: 'F', inputSchema: { json: { type: 'object' } } } },
        { cachePoint: { type: 'default' } },
      ],
      toolChoice: { any: {} },
    },
    additionalModelRequestFields: {
      top_k: 5,
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      anthropic_beta: ['x'],
    },
    requestMetadata: { team: 'a' },
  });
  expect(request).toMatchObject({
    model: claude,
    stream: false,
    system: [{ kind: 'text', text: 'Be brief' }],
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    topK: 5,
    stop: ['END'],
    toolChoice: { kind: 'any' },
    thinking: { kind: 'budget', tokens: 2_000 },
  });
  expect(request.messages.map(({ parts }) => parts)).toEqual([
    [
      { kind: 'text', text: 'Read' },
      { kind: 'file', media: { kind: 'base64', mediaType: 'text/plain', data: 'w7w=' }, name: 'notes' },
      { kind: 'image', media: { kind: 'base64', mediaType: 'image/jpeg', data: 'aGk=' }, detail: undefined },
    ],
    [
      { kind: 'thinking', text: 'Hm', signature: markSignature('claude', 'sig'), redacted: undefined },
      { kind: 'thinking', text: '', signature: undefined, redacted: markSignature('claude', 'cmVk') },
      { kind: 'tool-call', id: 'tooluse_1', name: 'f', arguments: '{"a":1}', signature: undefined },
    ],
    [
      {
        kind: 'tool-result',
        id: 'tooluse_1',
        name: undefined,
        parts: [
          { kind: 'text', text: '{"b":2}' },
          { kind: 'text', text: 'x' },
        ],
        isError: true,
      },
    ],
  ]);
  expect([...request.dropped].sort()).toEqual([
    'messages[].content[].cachePoint',
    'requestMetadata',
    'system[].cachePoint',
    'toolConfig.tools[].cachePoint',
  ]);
});

test.each([
  ['/model/amazon.nova-pro-v1%3A0/converse-stream', 'amazon.nova-pro-v1:0', true],
  [
    '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse',
    'arn:aws:bedrock:us-east-1:1:inference-profile/x',
    false,
  ],
])('%s asks %s (streamed: %s)', (at, model, stream) => {
  expect(done({ messages: [] }, at)).toMatchObject({ model, stream });
});

const content = (block: object) => ({ messages: [{ role: 'user', content: [block] }] });
describe('what would change the meaning is refused', () => {
  test.each<[string, object]>([
    ['guardrailConfig', { guardrailConfig: { guardrailIdentifier: 'g' } }],
    ['promptVariables', { promptVariables: {} }],
    [
      'additionalModelRequestFields.reasoning_effort',
      { additionalModelRequestFields: { reasoning_effort: 'low' } },
    ],
    ['toolConfig.tools[]', { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } }],
    ['toolConfig.toolChoice', { toolConfig: { tools: [], toolChoice: { some: {} } } }],
    [
      'outputConfig.textFormat',
      { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{' } } } } },
    ],
    ['messages[].role', { messages: [{ role: 'tool', content: [] }] }],
    ['messages[].content[]', content({ guardContent: { text: { text: 'x' } } })],
    ['messages[].content[]', content({ searchResult: {} })],
    [
      'messages[].content[].image.format',
      content({ image: { format: 'constructor', source: { bytes: '' } } }),
    ],
    [
      'messages[].content[].image.source.s3Location',
      content({ image: { format: 'png', source: { s3Location: { uri: 's3://b/k' } } } }),
    ],
    [
      'messages[].content[].toolUse.type',
      content({ toolUse: { toolUseId: 'a', name: 'f', input: {}, type: 'server_tool_use' } }),
    ],
    [
      'messages[].content[].toolResult.content[]',
      content({ toolResult: { toolUseId: 'a', content: [{ toolResult: {} }] } }),
    ],
    ['system[]', { system: [{ guardContent: {} }] }],
    ['inferenceConfig.maxTokens', { inferenceConfig: { maxTokens: '5' } }],
  ])('%s', (what, body) => {
    expect(read({ messages: [], ...body })).toMatchObject({ kind: 'blocked', what });
  });

  test.each(['/model/x/invoke', '/model/%E0%A4%A/converse', '/model//converse'])('the path %s', (at) => {
    expect(read({ messages: [] }, at)).toMatchObject({ kind: 'blocked', what: 'path' });
  });
});

const base: FormRequest = done({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] });
const write = (request: Partial<FormRequest>) => bedrock.writeRequest({ ...base, ...request }, '');
const user = (...parts: Part[]): Partial<FormRequest> => ({ messages: [{ role: 'user', parts }] });
const tool = { name: 'f', description: undefined, parameters: undefined, strict: undefined };

test('names in the path are encoded as AWS does, and lead nowhere else', () => {
  expect(write({ model: "a:b/c'(d)" })).toMatchObject({
    value: { path: '/model/a%3Ab%2Fc%27%28d%29/converse' },
  });
  for (const model of ['', '.', '..'])
    expect(write({ model })).toMatchObject({ kind: 'blocked', what: 'model' });
});

test('names of documents are plain and unlike each other; blank text is left out', () => {
  const media = { kind: 'base64', mediaType: 'application/pdf', data: 'aGk=' } as const;
  const file = { kind: 'file', media, name: 'a_b.pdf' } as const;
  expect(write(user({ kind: 'text', text: ' \n' }, file, file))).toMatchObject({
    dropped: ['messages[].file.name'],
    value: {
      body: {
        messages: [
          {
            content: [
              { document: { format: 'pdf', name: 'a-b-pdf' } },
              { document: { format: 'pdf', name: 'a-b-pdf (2)' } },
            ],
          },
        ],
      },
    },
  });
});

test('what another model thought and signed does not go to Bedrock', () => {
  const thought = { kind: 'thinking', text: 'Hm', redacted: undefined } as const;
  const parts = [
    { ...thought, signature: markSignature('google', 'abc') },
    // An SDK that decoded it has encoded it with the letters of URLs.
    { ...thought, signature: markSignature('claude', 'd-e_') },
    { ...thought, signature: undefined, redacted: markSignature('openai', 'abc') },
    { ...thought, signature: undefined, redacted: markSignature('claude', 'cmVk') },
  ];
  const written = write({ messages: [{ role: 'assistant', parts }] });
  expect(written).toMatchObject({
    dropped: ['messages[].thinking'],
    value: {
      body: {
        messages: [
          {
            content: [
              { reasoningContent: { reasoningText: { signature: 'd+e/' } } },
              { reasoningContent: { redactedContent: 'cmVk' } },
            ],
          },
        ],
      },
    },
  });
});

test('one call at a time is said in Claude’s words, and to others not at all', () => {
  const single = { tools: [tool], parallelToolCalls: false, toolChoice: { kind: 'any' } } as const;
  expect(write(single)).toMatchObject({
    value: {
      body: {
        additionalModelRequestFields: { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      },
    },
  });
  expect(write({ ...single, model: 'amazon.nova-pro-v1:0' })).toMatchObject({
    kind: 'blocked',
    what: 'parallelToolCalls',
  });
});

test('no choice of a tool is no tools, unless some were used', () => {
  const none = { tools: [tool], toolChoice: { kind: 'none' } } as const;
  const written = write(none);
  expect(written.kind === 'done' && written.value.body['toolConfig']).toBeUndefined();
  const used: Part = { kind: 'tool-result', id: 'a', name: 'f', parts: [], isError: false };
  expect(write({ ...none, ...user(used) })).toMatchObject({ kind: 'blocked', what: 'toolChoice' });
});

test.each<[string, Partial<FormRequest>]>([
  ['responseFormat', { responseFormat: { kind: 'json' } }],
  [
    'messages[].image',
    user({
      kind: 'image',
      media: { kind: 'url', url: 'https://x/y.png', mediaType: undefined },
      detail: undefined,
    }),
  ],
  [
    'messages[].image',
    user({ kind: 'image', media: { kind: 'base64', mediaType: 'image/tiff', data: '' }, detail: undefined }),
  ],
  [
    'messages[].tool-call.arguments',
    user({ kind: 'tool-call', id: 'a', name: 'f', arguments: '"x"', signature: undefined }),
  ],
])('%s cannot be said to Bedrock', (what, request) => {
  expect(write(request)).toMatchObject({ kind: 'blocked', what });
});
