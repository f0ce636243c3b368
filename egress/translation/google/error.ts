/** Errors in Google's schema, plain and as an event of a stream. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import { countOf, textOf } from '../count.ts';
import type { FormError } from '../form.ts';

const words: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [409, 'ABORTED'],
  [413, 'INVALID_ARGUMENT'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [500, 'INTERNAL'],
  [501, 'UNIMPLEMENTED'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
  [529, 'UNAVAILABLE'],
]);
const known = new Set([
  ...words.values(),
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'ALREADY_EXISTS',
  'UNKNOWN',
]);

export function readGoogleError(status: number, body: JsonObject | undefined): FormError {
  const error = asObject(body?.['error']);
  const message = textOf(error?.['message']) ?? textOf(body?.['error']);
  return {
    status,
    message: message ?? `the upstream answered ${status}`,
    code: textOf(error?.['status']),
  };
}

/** Of an event in a stream; undefined: it is none. */
export function readStreamError(body: JsonObject): FormError | undefined {
  const error = asObject(body['error']);
  if (error === undefined) return undefined;
  const code = countOf(error['code']) ?? 500;
  return readGoogleError(code >= 400 && code <= 599 ? code : 500, body);
}

export function writeGoogleError({ status, message, code }: FormError): JsonObject {
  const word = code !== undefined && known.has(code) ? code : words.get(status);
  return {
    error: { code: status, message, status: word ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT') },
  };
}
