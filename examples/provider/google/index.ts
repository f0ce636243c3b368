/** Google: the Gemini API and its key. */
import { countInput } from '../answer.ts';
import { answerChat } from '../chat-api.ts';
import { jsonReply, type ProviderCodec, type ProviderReply, type ProviderRequest } from '../exchange.ts';
import { bearerOf } from '../openai/index.ts';
import { googleError } from './error.ts';
import { generateApi } from './generate.ts';
import { readGenerate } from './request.ts';

const pattern = /^\/v1(?:beta)?\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/;

function answerOperation(request: ProviderRequest, model: string, operation: string): ProviderReply {
  if (operation !== 'countTokens')
    return answerChat(generateApi(model, operation === 'streamGenerateContent'), request);
  const ask = readGenerate(request, model, false);
  return 'status' in ask ? ask : jsonReply(200, { totalTokens: countInput(ask) });
}

export const googleCodec: ProviderCodec = {
  hosts: ['generativelanguage.googleapis.com'],
  presentedKey: (request) =>
    request.headers['x-goog-api-key'] ?? request.query.get('key') ?? bearerOf(request),
  // Google answers a wrong key with 400 and an absent one with 403; neither is 401.
  refuseKey: (_request, presented) =>
    presented === undefined
      ? googleError(
          403,
          "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity.",
        )
      : googleError(400, 'API key not valid. Please pass a valid API key.', [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'API_KEY_INVALID',
            domain: 'googleapis.com',
            metadata: { service: 'generativelanguage.googleapis.com' },
          },
        ]),
  fail: (status, message) => googleError(status, message),
  answer(request) {
    const [, model, operation] = pattern.exec(request.path) ?? [];
    if (request.method !== 'POST' || model === undefined || operation === undefined)
      return googleError(404, 'Not found.');
    return answerOperation(request, model, operation);
  },
};
