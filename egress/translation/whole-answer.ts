/** A whole answer, or an error, of one API as one of another. Pure. */
import { Buffer } from 'node:buffer';
import type { CallTranslation } from './call-translation.ts';
import { jsonText, parseObject } from './json.ts';

/** undefined: it is no answer of the upstream's API. */
export function translateAnswer({ from, to, context }: CallTranslation, body: Buffer): Buffer | undefined {
  const read = parseObject(body.toString('utf8'));
  const answer = read === undefined ? undefined : to.readResponse(read);
  const text = answer === undefined ? undefined : jsonText(from.writeResponse(answer, context));
  return text === undefined ? undefined : Buffer.from(text);
}

/** Always something: an upstream that says nothing readable has at least a status. */
export function translateError(call: CallTranslation, status: number, body: Buffer): Buffer {
  const { from, to } = call;
  const error = to.readError(status, parseObject(body.toString('utf8')));
  return Buffer.from(jsonText(from.writeError({ ...error, status })) ?? '{}');
}
