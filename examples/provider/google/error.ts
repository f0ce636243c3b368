/** Google's error schema. Pure. */
import { jsonReply, type ProviderReply } from '../exchange.ts';
import type { JsonObject } from '../json.ts';

const statusNames: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

export function errorObject(code: number, message: string, details?: readonly object[]): JsonObject {
  const status = statusNames[code] ?? 'UNKNOWN';
  return { error: { code, message, status, ...(details === undefined ? {} : { details }) } };
}

export function googleError(code: number, message: string, details?: readonly object[]): ProviderReply {
  return jsonReply(code, errorObject(code, message, details));
}
