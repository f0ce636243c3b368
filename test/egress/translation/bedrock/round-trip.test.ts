/** Converse's codec on every form it can say. */
import type fc from 'fast-check';
import { expect, test } from 'vitest';
import { bedrockConverse } from '../../../../egress/translation/bedrock/index.ts';
import type { FormRequest, FormResponse, Part } from '../../../../egress/translation/form.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';
import { request, response } from '../form-arbitrary.ts';
import { context, holdsAnswers, holdsRequests, holdsStreams, neverThrows } from '../round-trip-of.ts';

const signature = markSignature('claude', 'c2lnbg+/');

/** Media are bytes, and names of documents are plain and of one request each. */
function sayablePart(part: Part, at: number): Part {
  if (part.kind === 'file') return { ...part, name: `file ${at}` };
  const isPlace = part.kind === 'image' && part.media.kind === 'url';
  return isPlace ? { ...part, media: { kind: 'base64', mediaType: 'image/gif', data: 'aGk=' } } : part;
}

const sayable: fc.Arbitrary<FormRequest> = request.map((asked) => ({
  ...asked,
  model:
    'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-5-sonnet-20241022-v2:0',
  messages: asked.messages.map(({ role, parts }) => ({ role, parts: parts.map(sayablePart) })),
  responseFormat: asked.responseFormat && { ...asked.responseFormat, strict: undefined },
  user: undefined,
  topK: 40,
}));

/** It has no ids and no counts of thinking, and Claude signs what it thinks. */
const answers: fc.Arbitrary<FormResponse> = response.map((answer) => ({
  ...answer,
  id: undefined,
  model: undefined,
  parts: answer.parts.map((part) => (part.kind === 'thinking' ? { ...part, signature } : part)),
  usage: answer.usage && { ...answer.usage, reasoning: undefined, cacheCreation: 0 },
}));

test('reads the requests it writes', () => holdsRequests(bedrockConverse, sayable));
test('reads the answers it writes', () => holdsAnswers(bedrockConverse, answers));
test('streams what the whole answer says', () => holdsStreams(bedrockConverse, answers));

test('a call whose arguments are cut is left out, and said so', () => {
  const call: Part = { kind: 'tool-call', id: 'a', name: 'f', arguments: '{"x":', signature: undefined };
  const answer: FormResponse = {
    id: undefined,
    model: undefined,
    parts: [call],
    finish: 'tool-calls',
    stopSequence: undefined,
    usage: undefined,
  };
  expect(bedrockConverse.writeResponse(answer, context)).toMatchObject({
    output: { message: { content: [] } },
    stopReason: 'malformed_tool_use',
  });
});

test('whatever stands in a body, it does not throw', () => {
  const body = {
    system: [{ text: 'x' }, { cachePoint: { type: 'default' } }],
    messages: [
      { role: 'user', content: [{ text: 'x' }, { image: { format: 'png', source: { bytes: 'aGk=' } } }] },
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'a', name: 'f', input: {} } },
          { reasoningContent: { reasoningText: { text: 'x' } } },
        ],
      },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 'a', content: [{ json: {} }], status: 'error' } }],
      },
    ],
    inferenceConfig: { stopSequences: ['x'], maxTokens: 1 },
    toolConfig: {
      tools: [{ toolSpec: { name: 'f', inputSchema: { json: {} } } }],
      toolChoice: { tool: { name: 'f' } },
    },
    additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1 }, tool_choice: {} },
    outputConfig: { textFormat: { structure: { jsonSchema: { schema: '{}' } } }, effort: 'low' },
    output: { message: { content: [{ text: 'x' }, { citationsContent: { content: [{ text: 'x' }] } }] } },
    usage: { inputTokens: 1 },
    message: 'x',
  };
  neverThrows(bedrockConverse, body, '/model/m/converse');
});
