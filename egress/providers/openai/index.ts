/** OpenAI: chat completions, responses, completions and embeddings. Streams carry usage only when the caller asked. */
import {
  asCount,
  asObject,
  asText,
  learn,
  type Facts,
  type JsonObject,
  type ProviderCodec,
} from '../codec.ts';

const operations: ReadonlyMap<string, string> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/responses', 'chat'],
  ['/v1/completions', 'text_completion'],
  ['/v1/embeddings', 'embeddings'],
]);

function readUsage(usage: JsonObject, facts: Facts): void {
  const inputDetails = asObject(usage['prompt_tokens_details']) ?? asObject(usage['input_tokens_details']);
  const outputDetails =
    asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details']);
  learn(facts, {
    inputTokens: asCount(usage['prompt_tokens']) ?? asCount(usage['input_tokens']),
    outputTokens: asCount(usage['completion_tokens']) ?? asCount(usage['output_tokens']),
    cacheReadTokens: asCount(inputDetails?.['cached_tokens']),
    reasoningTokens: asCount(outputDetails?.['reasoning_tokens']),
  });
}

function readFinish(body: JsonObject, facts: Facts): void {
  const choices = Array.isArray(body['choices']) ? body['choices'].slice(0, 16) : [];
  const reasons = choices
    .map((choice) => asText(asObject(choice)?.['finish_reason']))
    .filter((r) => r !== undefined);
  if (reasons.length > 0) facts.finishReasons = reasons;
}

/** Shared with the Azure plug-in, whose bodies are the same. */
export function readOpenAiResponse(body: JsonObject, facts: Facts): void {
  // Events of the responses API wrap the object: {"type":"response.completed","response":{…}}.
  const object = asObject(body['response']) ?? body;
  learn(facts, { responseModel: asText(object['model']), responseId: asText(object['id']) });
  readFinish(object, facts);
  if (object['object'] === 'response' && typeof object['status'] === 'string') {
    if (object['status'] !== 'in_progress' && object['status'] !== 'queued')
      facts.finishReasons = [object['status']];
  }
  const usage = asObject(object['usage']);
  if (usage !== undefined) readUsage(usage, facts);
}

export function renderOpenAiError(status: number, code: string, message: string): string {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return JSON.stringify({ error: { message, type, param: null, code } });
}

export function readOpenAiRequest(body: JsonObject, facts: Facts): void {
  learn(facts, { model: asText(body['model']) });
  facts.stream = body['stream'] === true;
}

export const openai: ProviderCodec = {
  provider: 'openai',
  genAiName: 'openai',
  system: 'openai',
  priceId: 'openai',
  operation: (method, path) => (method === 'POST' ? operations.get(path) : undefined),
  factsOfPath: (path) => {
    const model = /^\/v1\/models\/([^/]+)$/.exec(path)?.[1];
    return model === undefined ? {} : { model: model.slice(0, 200) };
  },
  readRequest: readOpenAiRequest,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
