/** What the gateway itself answers: in the provider's schema where there is a call to one, else in its own. */
import { createField, type Field } from '../http1/index.ts';
import type { ProviderCodec } from '../providers/index.ts';
import type { Failure } from './failure.ts';

interface OwnAnswer {
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

const fieldsOf = (code: string): Field[] => [
  createField('Content-Type', 'application/json'),
  createField('x-clrk-error-code', code),
];

/** Before there is an exchange. */
export function renderRefusal(code: string, message: string): OwnAnswer {
  return { fields: fieldsOf(code), body: Buffer.from(JSON.stringify({ error: { code, message } })) };
}

/** Of a call. */
export function renderFailure(failure: Failure, codec: ProviderCodec | undefined): OwnAnswer {
  const { status, code, message, body: own, retryAfterSeconds, final } = failure;
  const fields = fieldsOf(code);
  if (retryAfterSeconds !== undefined) fields.push(createField('Retry-After', String(retryAfterSeconds)));
  // OpenAI's and Anthropic's SDKs ask it before they retry by themselves.
  if (final === true) fields.push(createField('x-should-retry', 'false'));
  if (own !== undefined) return { fields, body: Buffer.from(own) };
  if (codec !== undefined) return { fields, body: Buffer.from(codec.renderError(status, code, message)) };
  return { fields, body: renderRefusal(code, message).body };
}
