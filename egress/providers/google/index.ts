/** Google's Gemini API: the model is in the path, usage in usageMetadata of the answer or of each streamed chunk. */
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

const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const tokenDetails = listOf(objectOf({ modality: 'scalar', tokenCount: 'scalar' }));
const responseShape = objectOf({
  modelVersion: 'scalar',
  responseId: 'scalar',
  candidates: listOf(objectOf({ finishReason: 'scalar' })),
  promptFeedback: objectOf({ blockReason: 'scalar' }),
  usageMetadata: objectOf({
    promptTokenCount: 'scalar',
    toolUsePromptTokenCount: 'scalar',
    candidatesTokenCount: 'scalar',
    thoughtsTokenCount: 'scalar',
    cachedContentTokenCount: 'scalar',
    promptTokensDetails: tokenDetails,
    candidatesTokensDetails: tokenDetails,
  }),
});

function hasOf(details: unknown, modalities: readonly string[]): boolean {
  return asObjects(details).some(
    ({ modality, tokenCount }) =>
      typeof modality === 'string' && modalities.includes(modality) && (asCount(tokenCount) ?? 0) > 0,
  );
}

/** Sound costs otherwise than text does, and so do pictures that are said; those that are read cost the same. */
function isSurcharged(usage: JsonObject): boolean {
  return (
    hasOf(usage['promptTokensDetails'], ['AUDIO']) ||
    hasOf(usage['candidatesTokensDetails'], ['AUDIO', 'IMAGE', 'VIDEO'])
  );
}

function readUsage(usage: JsonObject, facts: Facts): void {
  const thoughts = asCount(usage['thoughtsTokenCount']);
  learn(facts, {
    // What tools brought in is input, and not part of promptTokenCount.
    inputTokens: sumOf(asCount(usage['promptTokenCount']), asCount(usage['toolUsePromptTokenCount'])),
    // Thinking is billed as output and not part of candidatesTokenCount.
    outputTokens: sumOf(asCount(usage['candidatesTokenCount']), thoughts),
    cacheReadTokens: asCount(usage['cachedContentTokenCount']),
    reasoningTokens: thoughts,
    surcharged: isSurcharged(usage) ? true : undefined,
  });
}

export const google: ProviderCodec = {
  provider: 'google',
  genAiName: 'gcp.gemini',
  system: 'google_genai',
  priceId: priceIds.google,
  responseShape,
  readResponse: (body, facts) => {
    learn(facts, { responseModel: asText(body['modelVersion']), responseId: asText(body['responseId']) });
    const reasons = asObjects(body['candidates'])
      .map((candidate) => asText(candidate['finishReason']))
      .filter((reason) => reason !== undefined);
    if (reasons.length > 0) facts.finishReasons = reasons.slice(0, 16);
    const usage = asObject(body['usageMetadata']);
    if (usage === undefined) return;
    readUsage(usage, facts);
    // Each chunk tells the usage so far; the one with a reason to stop is the last.
    const isLast = reasons.length > 0 || asObject(body['promptFeedback']) !== undefined;
    facts.usage = isLast ? 'whole' : 'partial';
  },
  renderError: (status, code, message) =>
    JSON.stringify({
      error: { code: status, message: `${message} [${code}]`, status: statuses[status] ?? 'INTERNAL' },
    }),
};
