/**
 * What a caller may say about its own invocation: an id, a trace to continue. Pure. Whatever is not exactly well-formed is
 * as if it had not been said; nothing is repaired. What set the invocation off is not the caller's to say.
 */
import { isInvocationId } from '../contract/index.ts';

/** The caller's own id, when it is canonical. */
export function parseInvocationId(given: string | undefined): string | undefined {
  return given !== undefined && isInvocationId(given) ? given : undefined;
}

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly state: string | undefined;
}

/** W3C Trace Context: 512 characters is what every vendor must carry. */
const maxStateChars = 512;

/** Not version ff, nothing after version 00's four fields, no id of zeros only (W3C Trace Context 3.2.2). */
const traceParentPattern =
  /^(?!ff)(?!00-.{49}-..-)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;

function usableState(state: string | undefined): string | undefined {
  if (state === undefined || state.length > maxStateChars) return undefined;
  return /^[\x20-\x7e]*$/.test(state) ? state : undefined;
}

/**
 * The caller's trace to continue. Its sampled flag is not honoured: every admitted call leaves one record, and a
 * caller must not be able to opt out of being recorded.
 */
export function parseTraceParent(
  parent: string | undefined,
  state: string | undefined,
): TraceParent | undefined {
  const match = traceParentPattern.exec(parent ?? '');
  if (match === null) return undefined;
  const [, traceId = '', spanId = ''] = match;
  return { traceId, spanId, state: usableState(state) };
}
