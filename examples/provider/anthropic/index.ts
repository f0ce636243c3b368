/** Anthropic: which path is what, and its key. */
import { countInput } from '../answer.ts';
import { answerChat } from '../chat-api.ts';
import { jsonReply, type ProviderCodec, type ProviderReply, type ProviderRequest } from '../exchange.ts';
import { anthropicError } from './error.ts';
import { messagesApi } from './messages.ts';
import { readOwnMessages } from './request.ts';

function answerCount(request: ProviderRequest): ProviderReply {
  const ask = readOwnMessages(request, true);
  return 'status' in ask ? ask : jsonReply(200, { input_tokens: countInput(ask) });
}

export const anthropicCodec: ProviderCodec = {
  hosts: ['api.anthropic.com'],
  presentedKey: ({ headers }) => headers['x-api-key'],
  refuseKey: (request, presented) =>
    anthropicError(
      401,
      presented === undefined ? 'x-api-key header is required' : 'invalid x-api-key',
      request,
    ),
  fail: anthropicError,
  answer(request) {
    if (request.headers['anthropic-version'] === undefined)
      return anthropicError(400, 'anthropic-version: header is required', request);
    switch (`${request.method} ${request.path}`) {
      case 'POST /v1/messages':
        return answerChat(messagesApi, request);
      case 'POST /v1/messages/count_tokens':
        return answerCount(request);
      default:
        return anthropicError(404, 'Not found', request);
    }
  },
};
