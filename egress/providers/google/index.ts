/** Google's Gemini API: the model is in the path, usage in usageMetadata of the answer or of each streamed chunk. */
import {
  asCount,
  asObject,
  asText,
  learn,
  type Facts,
  type JsonObject,
  type ProviderCodec,
} from '../codec.ts';

const modelPath = /^\/v1(?:beta|alpha)?\/models\/([^/:]+)(?::([A-Za-z]+))?$/;
const operations: Readonly<Record<string, string>> = {
  generateContent: 'generate_content',
  streamGenerateContent: 'generate_content',
  embedContent: 'embeddings',
  batchEmbedContents: 'embeddings',
};
const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function readUsage(usage: JsonObject, facts: Facts): void {
  const answer = asCount(usage['candidatesTokenCount']);
  const thoughts = asCount(usage['thoughtsTokenCount']);
  learn(facts, {
    inputTokens: asCount(usage['promptTokenCount']),
    // Thinking is billed as output and not part of candidatesTokenCount.
    outputTokens:
      answer === undefined && thoughts === undefined ? undefined : (answer ?? 0) + (thoughts ?? 0),
    cacheReadTokens: asCount(usage['cachedContentTokenCount']),
    reasoningTokens: thoughts,
  });
}

export const google: ProviderCodec = {
  provider: 'google',
  genAiName: 'gcp.gemini',
  system: 'google_genai',
  priceId: 'google',
  operation: (method, path) => {
    const verb = modelPath.exec(path)?.[2];
    return method === 'POST' && verb !== undefined ? operations[verb] : undefined;
  },
  factsOfPath: (path) => {
    const match = modelPath.exec(path);
    if (match?.[1] === undefined) return {};
    return { model: match[1].slice(0, 200), stream: match[2] === 'streamGenerateContent' };
  },
  readRequest: () => undefined,
  readResponse: (body, facts) => {
    learn(facts, { responseModel: asText(body['modelVersion']), responseId: asText(body['responseId']) });
    const candidates = Array.isArray(body['candidates']) ? body['candidates'].slice(0, 16) : [];
    const reasons = candidates
      .map((c) => asText(asObject(c)?.['finishReason']))
      .filter((r) => r !== undefined);
    if (reasons.length > 0) facts.finishReasons = reasons;
    const usage = asObject(body['usageMetadata']);
    if (usage !== undefined) readUsage(usage, facts);
  },
  renderError: (status, code, message) =>
    JSON.stringify({
      error: { code: status, message: `${message} [${code}]`, status: statuses[status] ?? 'INTERNAL' },
    }),
};
