/** Anthropic messages. Its input_tokens exclude cached ones, which are added here so that totals mean totals. */
import { priceIds } from '../../../decision/index.ts';
import {
  asCount,
  asObject,
  asObjects,
  asText,
  learn,
  sumOf,
  type Facts,
  type JsonObject,
  type ProviderCodec,
} from '../codec.ts';
import { listOf, objectOf } from '../json-shape.ts';

const counts = {
  input_tokens: 'scalar',
  output_tokens: 'scalar',
  cache_read_input_tokens: 'scalar',
  cache_creation_input_tokens: 'scalar',
  cache_creation: objectOf({ ephemeral_1h_input_tokens: 'scalar', ephemeral_5m_input_tokens: 'scalar' }),
} as const;

const members = {
  type: 'scalar',
  id: 'scalar',
  model: 'scalar',
  stop_reason: 'scalar',
  usage: objectOf({
    ...counts,
    output_tokens_details: objectOf({ thinking_tokens: 'scalar' }),
    iterations: listOf(objectOf({ type: 'scalar', ...counts })),
    service_tier: 'scalar',
    speed: 'scalar',
    server_tool_use: objectOf({ web_search_requests: 'scalar' }),
  }),
} as const;

/** Uncached input that earlier events told: totals are kept, so it is what is left of them. */
function knownUncached(facts: Facts): number | undefined {
  if (facts.inputTokens === undefined) return undefined;
  return facts.inputTokens - (facts.cacheReadTokens ?? 0) - (facts.cacheCreationTokens ?? 0);
}

/** Searches are paid by the call, and whoever wants it fast pays a multiple. */
function isSurcharged(usage: JsonObject): boolean {
  const searches = asCount(asObject(usage['server_tool_use'])?.['web_search_requests']) ?? 0;
  return searches > 0 || (asText(usage['speed']) ?? 'standard') !== 'standard';
}

/** Usage comes in parts, over several events; a part that is missing or null stays what it was. */
function readUsage(usage: JsonObject, facts: Facts): void {
  const kept = asObject(usage['cache_creation']);
  const hour = asCount(kept?.['ephemeral_1h_input_tokens']);
  const uncached = asCount(usage['input_tokens']) ?? knownUncached(facts);
  learn(facts, {
    cacheReadTokens: asCount(usage['cache_read_input_tokens']),
    cacheCreationTokens:
      asCount(usage['cache_creation_input_tokens']) ??
      sumOf(hour, asCount(kept?.['ephemeral_5m_input_tokens'])),
    cacheCreationHourTokens: hour,
    outputTokens: asCount(usage['output_tokens']),
    reasoningTokens: asCount(asObject(usage['output_tokens_details'])?.['thinking_tokens']),
    serviceTier: asText(usage['service_tier']),
    surcharged: isSurcharged(usage) ? true : undefined,
  });
  if (uncached !== undefined)
    learn(facts, { inputTokens: sumOf(uncached, facts.cacheReadTokens, facts.cacheCreationTokens) });
  readIterations(asObjects(usage['iterations']), facts);
}

/**
 * What the answer took in all: the usage above leaves out what compaction used. What other models said in between (advice, a
 * fallback) has prices of its own, which nobody tells here.
 */
function readIterations(iterations: readonly JsonObject[], facts: Facts): void {
  const isOthers = iterations.some(({ type }) => type !== 'message' && type !== 'compaction');
  if (isOthers) learn(facts, { surcharged: true });
  if (isOthers || !iterations.some(({ type }) => type === 'compaction')) return;
  const sum = (name: string): number | undefined => sumOf(...iterations.map((each) => asCount(each[name])));
  const cacheReadTokens = sum('cache_read_input_tokens');
  const cacheCreationTokens = sum('cache_creation_input_tokens');
  const hours = iterations.map((each) =>
    asCount(asObject(each['cache_creation'])?.['ephemeral_1h_input_tokens']),
  );
  learn(facts, {
    cacheReadTokens,
    cacheCreationTokens,
    cacheCreationHourTokens: sumOf(...hours),
    inputTokens: sumOf(sum('input_tokens'), cacheReadTokens, cacheCreationTokens),
    outputTokens: sum('output_tokens'),
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
  priceId: priceIds.anthropic,
  responseShape: objectOf({
    ...members,
    message: objectOf(members),
    delta: objectOf({ stop_reason: 'scalar' }),
  }),
  readResponse: (body, facts) => {
    // Streams: message_start wraps the message; message_delta carries delta and usage.
    const message = asObject(body['message']) ?? body;
    learn(facts, { responseModel: asText(message['model']), responseId: asText(message['id']) });
    const stop = asText(message['stop_reason']) ?? asText(asObject(body['delta'])?.['stop_reason']);
    if (stop !== undefined) facts.finishReasons = [stop];
    const usage = asObject(message['usage']) ?? asObject(body['usage']);
    if (usage === undefined) return;
    readUsage(usage, facts);
    facts.usage = stop === undefined ? 'partial' : 'whole';
  },
  renderError: (status, code, message) =>
    JSON.stringify({
      type: 'error',
      error: { type: errorTypes[status] ?? 'api_error', message: `${message} [${code}]` },
    }),
};
