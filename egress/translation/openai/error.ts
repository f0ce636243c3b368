/** Errors as chat completions tells them, and as servers that speak like it do. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { FormError } from '../form.ts';
import { textOf } from './response.ts';

const typeOf: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
]);

function messageOf(body: JsonObject, error: JsonObject): string | undefined {
  // Some have a bare text under `error`, some (FastAPI) under `detail`.
  return (
    textOf(error['message']) ?? textOf(body['error']) ?? textOf(body['message']) ?? textOf(body['detail'])
  );
}

export function readOpenAiError(status: number, body: JsonObject | undefined): FormError {
  const error = asObject(body?.['error']) ?? {};
  const code = textOf(error['code']) ?? textOf(error['type']);
  const message = body === undefined ? undefined : messageOf(body, error);
  return { status, message: message ?? `the upstream answered ${status}`, code };
}

export function writeOpenAiError({ status, message, code }: FormError): JsonObject {
  const type = typeOf.get(status) ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  return { error: { message, type, param: null, code: code ?? null } };
}
