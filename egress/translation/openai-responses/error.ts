/** Errors in OpenAI's schema, and those inside a stream, which have no status but a word. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import { textOf } from '../count.ts';
import type { FormError } from '../form.ts';

const types: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
]);
const statuses: ReadonlyMap<string, number> = new Map([
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['context_length_exceeded', 400],
  ['invalid_prompt', 400],
]);

function firstText(...values: readonly unknown[]): string | undefined {
  return values.map(textOf).find((text) => text !== undefined);
}

export function readResponsesError(status: number, body: JsonObject = {}): FormError {
  const error = asObject(body['error']) ?? {};
  const message = firstText(error['message'], body['message'], body['error']);
  const code = firstText(error['code'], error['type'], body['code']);
  return { status, message: message ?? `the upstream answered ${status}`, code };
}

/** `error`: that of an event, or of a response that failed. */
export function readStreamError(error: JsonObject): FormError {
  const code = textOf(error['code']);
  const status = statuses.get(code ?? '') ?? 500;
  return { status, message: textOf(error['message']) ?? 'the upstream failed', code };
}

export function writeResponsesError({ status, message, code }: FormError): JsonObject {
  const type = types.get(status) ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  return { error: { message, type, param: null, code: code ?? null } };
}

/** Words that agents act upon; others keep their own. */
export function codeOf({ status, code }: FormError): string {
  if (code !== undefined && statuses.has(code)) return code;
  if (status === 429) return 'rate_limit_exceeded';
  return status >= 500 ? 'server_error' : (code ?? 'invalid_prompt');
}
