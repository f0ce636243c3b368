/** OpenAI: chat completions, responses, completions and embeddings. Streams carry usage only when the caller asked. */
import { priceIds } from '../../../decision/index.ts';
import {
  asCount,
  asObject,
  asObjects,
  asText,
  learn,
  type Facts,
  type JsonObject,
  type ProviderCodec,
} from '../codec.ts';
import { listOf, objectOf } from '../json-shape.ts';

const details = objectOf({
  cached_tokens: 'scalar',
  cache_write_tokens: 'scalar',
  reasoning_tokens: 'scalar',
  audio_tokens: 'scalar',
});
const members = {
  id: 'scalar',
  model: 'scalar',
  object: 'scalar',
  status: 'scalar',
  service_tier: 'scalar',
  choices: listOf(objectOf({ finish_reason: 'scalar' })),
  output: listOf(objectOf({ type: 'scalar' })),
  usage: objectOf({
    prompt_tokens: 'scalar',
    completion_tokens: 'scalar',
    input_tokens: 'scalar',
    output_tokens: 'scalar',
    prompt_tokens_details: details,
    completion_tokens_details: details,
    input_tokens_details: details,
    output_tokens_details: details,
    input_token_details: details,
    output_token_details: details,
  }),
} as const;

/** Events of the responses API wrap the object: {"type":"response.completed","response":{…}}. */
export const openAiShape = objectOf({ ...members, response: objectOf(members) });

/** Of messages of a WebSocket (Responses, Realtime), with what tells them apart. */
export const openAiEventShape = objectOf({
  type: 'scalar',
  status: 'scalar',
  delta: 'scalar',
  session: objectOf({ model: 'scalar' }),
  response: objectOf(members),
});

/** Tools of the responses API that are paid by the call. */
const paidTools = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
]);

function hasAudio(parts: ReadonlyArray<JsonObject | undefined>): boolean {
  return parts.some((part) => (asCount(part?.['audio_tokens']) ?? 0) > 0);
}

function readUsage(usage: JsonObject, facts: Facts): void {
  const detailsOf = (...names: readonly string[]): JsonObject | undefined =>
    names.map((name) => asObject(usage[name])).find((found) => found !== undefined);
  // The last of each are Realtime's.
  const inputDetails = detailsOf('prompt_tokens_details', 'input_tokens_details', 'input_token_details');
  const outputDetails = detailsOf(
    'completion_tokens_details',
    'output_tokens_details',
    'output_token_details',
  );
  learn(facts, {
    inputTokens: asCount(usage['prompt_tokens']) ?? asCount(usage['input_tokens']),
    outputTokens: asCount(usage['completion_tokens']) ?? asCount(usage['output_tokens']),
    cacheReadTokens: asCount(inputDetails?.['cached_tokens']),
    cacheCreationTokens: asCount(inputDetails?.['cache_write_tokens']),
    reasoningTokens: asCount(outputDetails?.['reasoning_tokens']),
    surcharged: hasAudio([inputDetails, outputDetails]) ? true : undefined,
  });
}

function isFinished(choices: readonly JsonObject[]): boolean {
  return choices.every((choice) => asText(choice['finish_reason']) !== undefined);
}

function readFinish(body: JsonObject, choices: readonly JsonObject[], facts: Facts): void {
  const reasons = choices.map((choice) => asText(choice['finish_reason'])).filter((r) => r !== undefined);
  if (reasons.length > 0) facts.finishReasons = reasons.slice(0, 16);
  const status = asText(body['status']);
  const isResponse = body['object'] === 'response' || body['object'] === 'realtime.response';
  if (!isResponse || status === undefined) return;
  if (status !== 'in_progress' && status !== 'queued') facts.finishReasons = [status];
}

/** Shared with the Azure plug-in, whose bodies are the same. */
export function readOpenAiResponse(body: JsonObject, facts: Facts): void {
  const object = asObject(body['response']) ?? body;
  learn(facts, {
    responseModel: asText(object['model']),
    responseId: asText(object['id']),
    serviceTier: asText(object['service_tier']),
  });
  const choices = asObjects(object['choices']);
  readFinish(object, choices, facts);
  if (asObjects(object['output']).some(({ type }) => typeof type === 'string' && paidTools.has(type))) {
    facts.surcharged = true;
  }
  const usage = asObject(object['usage']);
  if (usage === undefined) return;
  readUsage(usage, facts);
  // Some servers tell the usage so far with each chunk: only the last one's is whole.
  facts.usage = isFinished(choices) ? 'whole' : 'partial';
}

export function renderOpenAiError(status: number, code: string, message: string): string {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return JSON.stringify({ error: { message, type, param: null, code } });
}

export const openai: ProviderCodec = {
  provider: 'openai',
  genAiName: 'openai',
  system: 'openai',
  priceId: priceIds.openai,
  responseShape: openAiShape,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
