/** Azure OpenAI: OpenAI's operations under deployments, and, newer, under /openai/v1; the deployment is the model's name. */
import type { ProviderCodec, ProviderReply, ProviderRequest } from '../exchange.ts';
import { jsonReply } from '../exchange.ts';
import { asObject } from '../json.ts';
import { answerOpenai, bearerOf } from '../openai/index.ts';
import { openaiError } from '../openai/error.ts';

const notFound: ProviderReply = jsonReply(404, { error: { code: '404', message: 'Resource not found' } });

/** Below the API's root, with the model in the body; undefined: neither style. */
function locate(request: ProviderRequest): readonly [request: ProviderRequest, path: string] | undefined {
  const plain = /^\/openai(?:\/v1)?(\/(?:responses|chat\/completions|embeddings))$/.exec(request.path);
  const isNew = request.path.startsWith('/openai/v1/');
  const isDated = request.query.get('api-version') !== null;
  if (plain?.[1] !== undefined) {
    // Without a version in the path only the Responses API is there, by date.
    const isThere = isNew || (isDated && plain[1] === '/responses');
    return isThere ? [request, plain[1]] : undefined;
  }
  const [, model, path] = /^\/openai\/deployments\/([^/]+)(\/.+)$/.exec(request.path) ?? [];
  if (model === undefined || path === undefined || !isDated) return undefined;
  return [{ ...request, json: { ...asObject(request.json), model } }, path];
}

export const azureOpenaiCodec: ProviderCodec = {
  hosts: ['*.openai.azure.com'],
  presentedKey: (request) => request.headers['api-key'] ?? bearerOf(request),
  refuseKey: () =>
    jsonReply(401, {
      error: {
        code: '401',
        message:
          'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
      },
    }),
  fail: (status, message) => openaiError(status, message),
  answer(request) {
    const [located, path] = locate(request) ?? [];
    if (located === undefined || path === undefined) return notFound;
    return answerOpenai(located, path) ?? notFound;
  },
};
