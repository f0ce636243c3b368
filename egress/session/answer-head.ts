/** What an upstream's head says of the answer behind it. No state. */
import { createField, fieldValue, type Field } from '../http1/index.ts';
import type { UpstreamAnswer } from '../upstream/exchange-port.ts';

export function isEventStream({ fields }: UpstreamAnswer): boolean {
  return /^\s*text\/event-stream/i.test(fieldValue(fields, 'content-type') ?? '');
}

/** Of an answer without a body, which says how long one would be. */
export function withLength(fields: readonly Field[], answered: readonly Field[]): Field[] {
  const length = fieldValue(answered, 'content-length');
  return length === undefined ? [...fields] : [...fields, createField('Content-Length', length)];
}
