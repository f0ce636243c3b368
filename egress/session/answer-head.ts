/** What an upstream's head says of the answer behind it. No state. */
import { createField, fieldValue, type Field } from '../http1/index.ts';
import type { UpstreamAnswer } from '../upstream/exchange-port.ts';

export function isEventStream({ fields }: UpstreamAnswer): boolean {
  return /^\s*text\/event-stream/i.test(fieldValue(fields, 'content-type') ?? '');
}

/** One whose events can be read and ended by the gateway. */
export function isPlainStream(answer: UpstreamAnswer): boolean {
  const coding = (fieldValue(answer.fields, 'content-encoding') ?? '').trim().toLowerCase();
  return answer.status === 200 && isEventStream(answer) && (coding === '' || coding === 'identity');
}

export function mayHaveBody(method: string, { status, bodyLength }: UpstreamAnswer): boolean {
  return method !== 'HEAD' && status !== 304 && status !== 204 && bodyLength !== 0;
}

/** `sent`, with the length that an answer without a body says one would have. */
export function ownFields(
  method: string,
  { status, fields }: UpstreamAnswer,
  sent: readonly Field[],
): Field[] {
  const length = method === 'HEAD' || status === 304 ? fieldValue(fields, 'content-length') : undefined;
  return length === undefined ? [...sent] : [...sent, createField('Content-Length', length)];
}
