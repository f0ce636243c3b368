/** OpenAI's error schema and its word on models. Pure. */
import { jsonReply, type ProviderReply } from '../exchange.ts';
import type { JsonObject } from '../json.ts';

/** Status to `type`, as the API answers. */
function typeOf(status: number): string {
  if (status === 429) return 'requests';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

export function errorObject(
  status: number,
  message: string,
  param: string | null = null,
  code: string | null = null,
): { readonly error: JsonObject } {
  const given = status === 429 ? (code ?? 'rate_limit_exceeded') : code;
  return { error: { message, type: typeOf(status), param, code: given } };
}

export function openaiError(
  status: number,
  message: string,
  param: string | null = null,
  code: string | null = null,
): ProviderReply {
  return jsonReply(status, errorObject(status, message, param, code));
}

export const openaiModels = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'o3', 'text-embedding-3-small'] as const;
const modelPattern = /^(gpt-|chatgpt-|o\d|text-embedding-)/;

/** The model, or the refusal. */
export function checkModel(model: unknown): string | ProviderReply {
  if (typeof model !== 'string' || model === '')
    return openaiError(400, 'you must provide a model parameter');
  if (modelPattern.test(model)) return model;
  const message = `The model \`${model.slice(0, 100)}\` does not exist or you do not have access to it.`;
  return openaiError(404, message, null, 'model_not_found');
}
