/** Anthropic's error schema. Pure. */
import { jsonReply, type ProviderReply, type ProviderRequest } from '../exchange.ts';
import type { JsonObject } from '../json.ts';
import { idOf } from '../tokens.ts';

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function errorObject(status: number, message: string, request: ProviderRequest): JsonObject {
  const error = { type: types[status] ?? 'api_error', message };
  return { type: 'error', error, request_id: idOf('req_', request.seed) };
}

export function anthropicError(status: number, message: string, request: ProviderRequest): ProviderReply {
  return jsonReply(status, errorObject(status, message, request), {
    'request-id': idOf('req_', request.seed),
  });
}
