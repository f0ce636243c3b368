/** Errors as the messages API tells them. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { FormError } from '../form.ts';
import { textOf } from './response.ts';

const types: ReadonlyArray<readonly [number, string]> = [
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
];
const typeOf: ReadonlyMap<number, string> = new Map(types);
const statusOf: ReadonlyMap<string, number> = new Map(types.map(([status, type]) => [type, status]));

/** `status` undefined: it came in the middle of an answer, and its type says which one it would have had. */
export function readAnthropicError(status: number | undefined, body: JsonObject | undefined): FormError {
  const error = asObject(body?.['error']);
  const code = textOf(error?.['type']);
  const told = status ?? statusOf.get(code ?? '') ?? 500;
  return { status: told, message: textOf(error?.['message']) ?? `the upstream answered ${told}`, code };
}

export function writeAnthropicError({ status, message, code }: FormError): JsonObject {
  const usual = status >= 500 ? 'api_error' : 'invalid_request_error';
  // Its SDKs know these words alone.
  const type = code !== undefined && statusOf.has(code) ? code : (typeOf.get(status) ?? usual);
  return { type: 'error', error: { type, message } };
}
