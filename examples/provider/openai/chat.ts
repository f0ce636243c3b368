/** OpenAI's chat completions, plain and streamed (platform.openai.com/docs/api-reference/chat). Pure. */
import type { Answer, CallPart } from '../answer.ts';
import type { ChatApi, Turn } from '../chat-api.ts';
import type { StreamEvent } from '../framing.ts';
import { asObject, type JsonObject } from '../json.ts';
import { idOf } from '../tokens.ts';
import { readChat } from './chat-request.ts';
import { errorObject, openaiError } from './error.ts';

function usageOf({ usage }: Answer): JsonObject {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function finishReason({ finish }: Answer): string {
  if (finish === 'calls') return 'tool_calls';
  return finish === 'length' ? 'length' : 'stop';
}

function toolCall({ id, name, arguments: given }: CallPart): JsonObject {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: JSON.stringify(given) } };
}

function partsOf({ parts }: Answer) {
  return {
    texts: parts.filter((part) => part.kind === 'text'),
    refusal: parts.find((part) => part.kind === 'refusal'),
    calls: parts.filter((part) => part.kind === 'call'),
  };
}

function head({ request, ask }: Turn, object: string): JsonObject {
  return {
    id: idOf('chatcmpl-', request.seed),
    object,
    created: request.created,
    model: ask.model,
    service_tier: 'default',
    system_fingerprint: 'fp_standin',
  };
}

function plain(turn: Turn): JsonObject {
  const { texts, refusal, calls } = partsOf(turn.answer);
  const message = {
    role: 'assistant',
    content: texts.length === 0 ? null : texts.map(({ text }) => text).join(''),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) }),
    refusal: refusal?.text ?? null,
    annotations: [],
  };
  return {
    ...head(turn, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(turn.answer) }],
    usage: usageOf(turn.answer),
  };
}

/** The arguments come in two pieces, as the API sends them: after a piece that has the name and none of them. */
function callDeltas(call: CallPart, index: number): readonly JsonObject[] {
  const whole = toolCall(call);
  const text = JSON.stringify(call.arguments);
  const half = Math.ceil(text.length / 2);
  const named = { ...whole, function: { name: call.name, arguments: '' } };
  const rest = [text.slice(0, half), text.slice(half)].filter((each) => each !== '');
  return [
    { tool_calls: [{ index, ...named }] },
    ...rest.map((each) => ({ tool_calls: [{ index, function: { arguments: each } }] })),
  ];
}

function deltas(answer: Answer): readonly JsonObject[] {
  const { texts, refusal, calls } = partsOf(answer);
  return [
    ...texts.flatMap(({ pieces }) => pieces.map((content) => ({ content }))),
    ...(refusal?.pieces.map((piece) => ({ refusal: piece })) ?? []),
    ...calls.flatMap(callDeltas),
  ];
}

function events(turn: Turn): readonly StreamEvent[] {
  const { answer, request } = turn;
  const options = asObject(asObject(request.json)?.['stream_options']);
  const includesUsage = options?.['include_usage'] === true;
  const chunk = (choices: readonly unknown[], usage?: JsonObject): JsonObject => ({
    ...head(turn, 'chat.completion.chunk'),
    choices,
    ...(includesUsage ? { usage: usage ?? null } : {}),
  });
  const choice = (delta: JsonObject, finish: string | null): readonly unknown[] => [
    { index: 0, delta, logprobs: null, finish_reason: finish },
  ];
  const speaks = answer.parts.some((part) => part.kind === 'text');
  return [
    { data: chunk(choice({ role: 'assistant', content: speaks ? '' : null, refusal: null }, null)) },
    ...deltas(answer).map((delta) => ({ data: chunk(choice(delta, null)), isPiece: true })),
    { data: chunk(choice({}, finishReason(answer))) },
    ...(includesUsage ? [{ data: chunk([], usageOf(answer)) }] : []),
    ...(answer.step.styles.includes('no done') ? [] : [{ data: '[DONE]' }]),
  ];
}

export const chatApi: ChatApi = {
  read: readChat,
  plain,
  events,
  framing: () => 'sse',
  fail: (status, message) => openaiError(status, message),
  streamError: (status, message) => [{ data: errorObject(status, message), isError: true }],
};
