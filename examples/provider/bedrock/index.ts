/** Amazon Bedrock: Converse and ConverseStream, and who signed. A key is written `ID:SECRET`; as a bearer token it works whole. */
import { answerChat } from '../chat-api.ts';
import type { ProviderCodec, ProviderRequest } from '../exchange.ts';
import { bearerOf } from '../openai/index.ts';
import { converseApi } from './converse.ts';
import { bedrockError } from './error.ts';
import { isSignedBy, signerOf } from './signature.ts';

const pattern = /^\/model\/([^/]+)\/(converse|converse-stream)$/;

function modelOf(request: ProviderRequest): readonly [model: string, operation: string] | undefined {
  const [, escaped, operation] = pattern.exec(request.path) ?? [];
  if (request.method !== 'POST' || escaped === undefined || operation === undefined) return undefined;
  try {
    return [decodeURIComponent(escaped), operation];
  } catch {
    return undefined;
  }
}

export const bedrockCodec: ProviderCodec = {
  hosts: ['bedrock-runtime.us-east-1.amazonaws.com', 'bedrock-runtime.eu-central-1.amazonaws.com'],
  presentedKey: (request) => signerOf(request) ?? bearerOf(request),
  isSignedBy(request, key) {
    const [id = '', secret = ''] = key.split(/:(.*)/s);
    return isSignedBy(request, id, secret);
  },
  refuseKey: (_request, presented) =>
    presented === undefined
      ? bedrockError(403, 'Missing Authentication Token', 'MissingAuthenticationTokenException')
      : bedrockError(
          403,
          'The security token included in the request is invalid.',
          'UnrecognizedClientException',
        ),
  fail: (status, message) => bedrockError(status, message),
  answer(request) {
    const [model, operation] = modelOf(request) ?? [];
    if (model === undefined)
      return bedrockError(
        404,
        'Unable to determine service/operation name to be authorized',
        'UnknownOperationException',
      );
    if (!/^(?:\w+\.)?(?:anthropic|amazon|meta|mistral|cohere)\./.test(model))
      return bedrockError(400, 'The provided model identifier is invalid.');
    return answerChat(converseApi(model, operation === 'converse-stream'), request);
  },
};
