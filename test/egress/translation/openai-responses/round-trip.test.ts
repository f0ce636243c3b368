/** The codec of the responses API on every form it can say. */
import type fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FormRequest, FormResponse } from '../../../../egress/translation/form.ts';
import { openAiResponses } from '../../../../egress/translation/openai-responses/index.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';
import { request, response } from '../form-arbitrary.ts';
import { context, holdsAnswers, holdsRequests, holdsStreams, neverThrows } from '../round-trip-of.ts';

const signature = markSignature('openai', 'gAAAA-_c2ln');

/** Instructions are one text, and nothing stops it. */
const sayable: fc.Arbitrary<FormRequest> = request.map((asked) => ({
  ...asked,
  model: 'gpt-5.1',
  system: asked.system.slice(0, 1),
  stop: [],
  tools: asked.tools.map((tool) => ({ ...tool, strict: tool.strict ?? false })),
  thinking: { kind: 'effort', effort: 'low' },
}));

const answers: fc.Arbitrary<FormResponse> = response.map((answer) => ({
  ...answer,
  parts: answer.parts.map((part) => (part.kind === 'thinking' ? { ...part, signature } : part)),
}));

test('reads the requests it writes', () => holdsRequests(openAiResponses, sayable));
test('reads the answers it writes', () => holdsAnswers(openAiResponses, answers));
test('streams what the whole answer says', () => holdsStreams(openAiResponses, answers));

test('the answer that ends a stream is the whole answer', () => {
  const answer: FormResponse = {
    id: 'r',
    model: 'm',
    parts: [
      { kind: 'thinking', text: 'Hm', signature, redacted: undefined },
      { kind: 'refusal', text: 'No' },
      { kind: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: undefined },
    ],
    finish: 'length',
    stopSequence: undefined,
    usage: { input: 1, output: 2, cacheRead: 0, cacheCreation: undefined, reasoning: 1 },
  };
  const writer = openAiResponses.createStreamWriter(context);
  writer.write({ kind: 'start', id: 'r', model: 'm' });
  answer.parts.forEach((part, index) => {
    if (part.kind === 'thinking')
      writer.write({ kind: 'part', index, part: { kind: part.kind, redacted: undefined } });
    if (part.kind === 'refusal') writer.write({ kind: 'part', index, part: { kind: part.kind } });
    if (part.kind === 'tool-call')
      writer.write({ kind: 'part', index, part: { kind: part.kind, id: part.id, name: part.name } });
    const text = part.kind === 'tool-call' ? part.arguments : 'text' in part ? part.text : '';
    writer.write({ kind: 'delta', index, text });
    if (part.kind === 'thinking') writer.write({ kind: 'signature', index, signature });
    writer.write({ kind: 'part-end', index });
  });
  writer.write({ kind: 'usage', usage: answer.usage! });
  writer.write({ kind: 'finish', finish: 'length', stopSequence: undefined });
  const [last] = writer.write({ kind: 'end' });
  expect(last).toMatchObject({
    name: 'response.incomplete',
    data: { response: openAiResponses.writeResponse(answer, context) },
  });
});

test('whatever stands in a body, it does not throw', () => {
  const body = {
    model: 'm',
    instructions: 'x',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'x' },
          { type: 'input_image', image_url: 'data:image/png;base64,aGk=' },
        ],
      },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output: 'x' },
      { type: 'reasoning', id: 'r', summary: [{ type: 'summary_text', text: 'x' }], encrypted_content: 'x' },
    ],
    tools: [{ type: 'function', name: 'f', parameters: {}, strict: true }],
    tool_choice: { type: 'function', name: 'f' },
    text: { format: { type: 'json_schema', name: 'x', schema: {} } },
    reasoning: { effort: 'low' },
    include: ['x'],
    type: 'response.output_item.done',
    output_index: 0,
    item: { type: 'reasoning', summary: [{ text: 'x' }], encrypted_content: 'x' },
    response: { id: 'x', status: 'completed', usage: { input_tokens: 1 } },
    output: [{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }],
    usage: { input_tokens: 1, input_tokens_details: { cached_tokens: 1 } },
    error: { message: 'x', code: 'y' },
  };
  neverThrows(openAiResponses, body, '/v1/responses');
});
