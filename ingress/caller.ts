/**
 * What a caller may say about its own invocation: an id, a trigger, a trace to continue. Pure. Whatever is not
 * exactly well-formed is as if it had not been said; nothing is repaired.
 */
import { randomUUID } from 'node:crypto';
import { isInvocationId } from '../contract/index.ts';

export type Trigger = 'HTTP' | 'Cron' | 'CLI';

const triggers = new Map<string, Trigger>([
  ['http', 'HTTP'],
  ['cron', 'Cron'],
  ['cli', 'CLI'],
]);

/** Unknown and absent: HTTP. */
export function parseTrigger(text: string | undefined): Trigger {
  return triggers.get(text?.toLowerCase() ?? '') ?? 'HTTP';
}

/** The caller's id when it is canonical and was not used lately, else a new one. */
export function resolveInvocationId(given: string | undefined, isUsed: (id: string) => boolean): string {
  return given !== undefined && isInvocationId(given) && !isUsed(given) ? given : randomUUID();
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
