/** Troubles the stand-in can be told to have by its owner, so that tests of the gateway need no second server. Pure. */
import { messageOf } from './chat-api.ts';
import type { Pace, ProviderCodec, ProviderReply, ProviderRequest } from './exchange.ts';

export interface ProviderFault extends Pace {
  /** Answer this instead, in the vendor's schema. */
  readonly status?: 429 | 500 | 503 | 529;
}

/** The refusal a fault asks for, if any. */
export function faultReply(
  fault: ProviderFault,
  codec: ProviderCodec,
  request: ProviderRequest,
): ProviderReply | undefined {
  if (fault.status === undefined) return undefined;
  const reply = codec.fail(fault.status, messageOf(fault.status), request);
  return fault.status === 429 ? { ...reply, headers: { ...reply.headers, 'retry-after': '1' } } : reply;
}
