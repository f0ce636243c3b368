/**
 * One call that is made of another API: what was read of the request, and what that says of the answer on its way back. Pure; the
 * answer itself is read and written by whole-answer.ts and stream-answer.ts.
 */
import type { ChatCodec, Framing, StreamContext, WrittenRequest } from './codec.ts';

export interface CallTranslation {
  /** Of the agent. */
  readonly from: ChatCodec;
  /** Of the upstream. */
  readonly to: ChatCodec;
  /** Of a stream as the agent wants it, and as the upstream sends it. */
  readonly framing: Framing;
  readonly upstreamFraming: Framing;
  readonly upstreamMediaType: string;
  readonly stream: boolean;
  readonly context: StreamContext;
}

export interface TranslatedRequest {
  readonly kind: 'translated';
  readonly request: WrittenRequest;
  readonly call: CallTranslation;
  /** Members that were left out, of the agent's request. */
  readonly dropped: readonly string[];
}
