/** OpenAI: which path is what, and its key. */
import type { ProviderCodec, ProviderReply, ProviderRequest } from './exchange.ts';
import { answerEmbeddings, answerModels } from './openai-catalog.ts';
import { answerChat } from './openai-chat.ts';
import { openaiError } from './openai-error.ts';
import { answerResponses } from './openai-responses.ts';

const operations: Readonly<Record<string, (request: ProviderRequest) => ProviderReply>> = {
  'POST /v1/chat/completions': answerChat,
  'POST /v1/responses': answerResponses,
  'POST /v1/embeddings': answerEmbeddings,
};

/** As the vendor shows a refused key: enough to recognise it, not to use it. */
function masked(key: string): string {
  return key.length < 12 ? '*'.repeat(key.length) : `${key.slice(0, 3)}${'*'.repeat(8)}${key.slice(-4)}`;
}

export const openaiCodec: ProviderCodec = {
  hosts: ['api.openai.com'],
  presentedKey: ({ headers }) => /^bearer\s+(.+)$/i.exec(headers['authorization'] ?? '')?.[1],
  refuseKey: (_request, presented) =>
    presented === undefined
      ? openaiError(
          401,
          "You didn't provide an API key. Provide it in an Authorization header using Bearer auth.",
        )
      : openaiError(401, `Incorrect API key provided: ${masked(presented)}.`, null, 'invalid_api_key'),
  fail: (status, message) => openaiError(status, message),
  answer(request) {
    const operation = operations[`${request.method} ${request.path}`];
    if (operation !== undefined) return operation(request);
    if (request.method === 'GET' && /^\/v1\/models(\/|$)/.test(request.path)) return answerModels(request);
    return openaiError(404, `Invalid URL (${request.method} ${request.path})`);
  },
};
