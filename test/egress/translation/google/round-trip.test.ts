/** Google's codec on every form it can say. */
import type fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FormRequest, FormResponse } from '../../../../egress/translation/form.ts';
import { googleGenerateContent } from '../../../../egress/translation/google/index.ts';
import { markSignature } from '../../../../egress/translation/signature.ts';
import { request, response } from '../form-arbitrary.ts';
import { context, holdsAnswers, holdsRequests, holdsStreams, neverThrows } from '../round-trip-of.ts';

const signature = markSignature('google', 'c2lnbmF0dXJl');

/** Calls are signed, files have no names, tools are not strict, formats have no names. */
const sayable: fc.Arbitrary<FormRequest> = request.map((asked) => ({
  ...asked,
  model: 'gemini-3-pro',
  messages: asked.messages.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) => {
      if (part.kind === 'tool-call') return { ...part, signature };
      return part.kind === 'file' ? { ...part, name: undefined } : urlAsImage(part);
    }),
  })),
  tools: asked.tools.map((tool) => ({ ...tool, strict: undefined })),
  responseFormat: asked.responseFormat && { ...asked.responseFormat, strict: undefined },
  parallelToolCalls: undefined,
  user: undefined,
  seed: asked.maxOutputTokens,
  topK: 40,
  topP: 0.5,
  presencePenalty: 1,
  frequencyPenalty: -1,
  thinking: { kind: 'effort', effort: 'low' },
}));

/** A place says its type, or nobody knows that it is an image. */
function urlAsImage<T extends FormRequest['messages'][number]['parts'][number]>(part: T): T {
  if (part.kind !== 'image' || part.media.kind !== 'url') return part;
  return { ...part, media: { ...part.media, mediaType: 'image/png' } };
}

const answers: fc.Arbitrary<FormResponse> = response.map((answer) => ({
  ...answer,
  parts: answer.parts.map((part) =>
    part.kind === 'thinking' || part.kind === 'tool-call' ? { ...part, signature } : part,
  ),
}));

test('reads the requests it writes', () => holdsRequests(googleGenerateContent, sayable));
test('reads the answers it writes', () => holdsAnswers(googleGenerateContent, answers));
test('streams what the whole answer says', () => holdsStreams(googleGenerateContent, answers));

test('a call whose arguments are cut is left out, and said so', () => {
  const call = { kind: 'tool-call', id: 'a', name: 'f', arguments: '{"x":', signature: undefined } as const;
  const usage = undefined;
  const answer = {
    id: 'r',
    model: 'm',
    parts: [call],
    finish: 'tool-calls',
    stopSequence: undefined,
    usage,
  } as const;
  const read = googleGenerateContent.readResponse(googleGenerateContent.writeResponse(answer, context));
  expect([read?.parts, read?.finish]).toEqual([[], 'other']);
});

test('whatever stands in a body, it does not throw', () => {
  const body = {
    systemInstruction: { parts: [{ text: 'Be brief' }] },
    contents: [
      { role: 'user', parts: [{ text: 'Hi' }, { inlineData: { mimeType: 'image/png', data: 'aGk=' } }] },
      { role: 'model', parts: [{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'x' }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'x' }, parts: [] } }] },
    ],
    tools: [
      {
        functionDeclarations: [
          { name: 'f', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
    generationConfig: {
      stopSequences: ['x'],
      thinkingConfig: { thinkingBudget: 0 },
      responseSchema: { anyOf: [{}] },
    },
    candidates: [{ content: { parts: [{ text: 'x', thought: true }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 1 },
    promptFeedback: { blockReason: 'SAFETY' },
    error: { code: 400, message: 'x', status: 'y' },
  };
  neverThrows(googleGenerateContent, body, '/v1beta/models/gemini-2.5-flash:generateContent');
});
