/** OpenAI: which path is what, and its key. */
import { answerChat } from '../chat-api.ts';
import type { ProviderCodec, ProviderReply, ProviderRequest } from '../exchange.ts';
import { answerEmbeddings, answerModels } from './catalog.ts';
import { chatApi } from './chat.ts';
import { openaiError } from './error.ts';
import { responsesApi } from './responses.ts';

const operations: Readonly<Record<string, (request: ProviderRequest) => ProviderReply>> = {
  'POST /chat/completions': (request) => answerChat(chatApi, request),
  'POST /responses': (request) => answerChat(responsesApi, request),
  'POST /embeddings': answerEmbeddings,
};

/** `path`: below the API's root, which differs where others offer it; undefined: it is no operation. */
export function answerOpenai(request: ProviderRequest, path: string): ProviderReply | undefined {
  return operations[`${request.method} ${path}`]?.(request);
}

/** As the vendor shows a refused key: enough to recognise it, not to use it. */
function masked(key: string): string {
  return key.length < 12 ? '*'.repeat(key.length) : `${key.slice(0, 3)}${'*'.repeat(8)}${key.slice(-4)}`;
}

export function bearerOf({ headers }: ProviderRequest): string | undefined {
  return /^bearer\s+(.+)$/i.exec(headers['authorization'] ?? '')?.[1];
}

export const openaiCodec: ProviderCodec = {
  hosts: ['api.openai.com'],
  presentedKey: bearerOf,
  refuseKey: (_request, presented) =>
    presented === undefined
      ? openaiError(
          401,
          "You didn't provide an API key. Provide it in an Authorization header using Bearer auth.",
        )
      : openaiError(401, `Incorrect API key provided: ${masked(presented)}.`, null, 'invalid_api_key'),
  fail: (status, message) => openaiError(status, message),
  answer(request) {
    const reply = request.path.startsWith('/v1/') ? answerOpenai(request, request.path.slice(3)) : undefined;
    if (reply !== undefined) return reply;
    if (request.method === 'GET' && /^\/v1\/models(\/|$)/.test(request.path)) return answerModels(request);
    return openaiError(404, `Invalid URL (${request.method} ${request.path})`);
  },
};
