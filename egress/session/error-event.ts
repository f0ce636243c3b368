/** Why the gateway did not let a message through, as an event of the API that the socket speaks. Pure. */
import { asObject, type ProviderCodec } from '../providers/index.ts';
import { renderOpenAiError } from '../providers/openai/index.ts';
import type { Failure } from './failure.ts';

function headersOf({ code, retryAfterSeconds, final }: Failure): Record<string, string> {
  return {
    'x-clrk-error-code': code,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(final === true ? { 'x-should-retry': 'false' } : {}),
  };
}

/** `streamId`: of several conversations in one socket, the one it is about. */
export function renderErrorEvent(
  failure: Failure,
  codec: ProviderCodec | undefined,
  streamId: string | undefined,
): Buffer {
  const { status, code, message } = failure;
  const rendered =
    codec === undefined ? renderOpenAiError(status, code, message) : codec.renderError(status, code, message);
  const { error } = asObject(JSON.parse(rendered)) ?? {};
  const event = { type: 'error', status, error, headers: headersOf(failure) };
  return Buffer.from(JSON.stringify(streamId === undefined ? event : { ...event, stream_id: streamId }));
}
