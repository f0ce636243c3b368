/** Anthropic messages. Its input_tokens exclude cached ones, which are added here so that totals mean totals. */
import {
  asCount,
  asObject,
  asText,
  learn,
  type Facts,
  type JsonObject,
  type ProviderCodec,
} from '../codec.ts';

function readUsage(usage: JsonObject, facts: Facts): void {
  const uncached = asCount(usage['input_tokens']);
  const read = asCount(usage['cache_read_input_tokens']);
  const created = asCount(usage['cache_creation_input_tokens']);
  learn(facts, {
    // message_delta repeats the totals on newer models and leaves them out on older ones.
    inputTokens: uncached === undefined ? undefined : uncached + (read ?? 0) + (created ?? 0),
    outputTokens: asCount(usage['output_tokens']),
    cacheReadTokens: read,
    cacheCreationTokens: created,
  });
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
};

export const anthropic: ProviderCodec = {
  provider: 'anthropic',
  genAiName: 'anthropic',
  system: 'anthropic',
  priceId: 'anthropic',
  operation: (method, path) => (method === 'POST' && path === '/v1/messages' ? 'chat' : undefined),
  factsOfPath: () => ({}),
  readRequest: (body, facts) => {
    learn(facts, { model: asText(body['model']) });
    facts.stream = body['stream'] === true;
  },
  readResponse: (body, facts) => {
    // Streams: message_start wraps the message; message_delta carries delta and usage.
    const message = asObject(body['message']) ?? body;
    learn(facts, { responseModel: asText(message['model']), responseId: asText(message['id']) });
    const stop = asText(message['stop_reason']) ?? asText(asObject(body['delta'])?.['stop_reason']);
    if (stop !== undefined) facts.finishReasons = [stop];
    const usage = asObject(message['usage']) ?? asObject(body['usage']);
    if (usage !== undefined) readUsage(usage, facts);
  },
  renderError: (status, code, message) =>
    JSON.stringify({
      type: 'error',
      error: { type: errorTypes[status] ?? 'api_error', message: `${message} [${code}]` },
    }),
};
