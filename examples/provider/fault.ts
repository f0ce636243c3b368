/** Troubles the stand-in can be told to have, so that tests of the gateway need no second server. Pure. */
import type { ProviderCodec, ProviderReply, ProviderRequest } from './exchange.ts';

export interface ProviderFault {
  /** Wait before the answer's head. */
  readonly delayMs?: number;
  /** Wait between chunks. */
  readonly chunkDelayMs?: number;
  /** Cut the connection after so many chunks of the body. */
  readonly abortAfterChunks?: number;
  /** Answer this instead, in the vendor's schema. */
  readonly status?: 429 | 500 | 503 | 529;
}

const messages = {
  429: 'Rate limit reached. Please try again later.',
  500: 'The server had an error while processing your request.',
  503: 'The service is currently overloaded.',
  529: 'Overloaded',
} as const;

/** The refusal a fault asks for, if any. */
export function faultReply(
  fault: ProviderFault,
  codec: ProviderCodec,
  request: ProviderRequest,
): ProviderReply | undefined {
  if (fault.status === undefined) return undefined;
  const reply = codec.fail(fault.status, messages[fault.status], request);
  return fault.status === 429 ? { ...reply, headers: { ...reply.headers, 'retry-after': '1' } } : reply;
}
