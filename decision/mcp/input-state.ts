/**
 * MCP since 2026-07-28: a server may answer a call with the wish for more input and a state of its own, and the client makes the call
 * again with both. What the second has in common with the first is said here; that the state is the server's own, and not used yet,
 * is a fact the gateway tells (`Call.continued`). Pure: a retry is judged as any call, and only not counted twice.
 */
import type { CallCount } from '../call-limit.ts';
import type { Call } from '../call.ts';
import type { RpcMessage } from '../rpc-message.ts';

/** Methods whose results may ask for input. */
const asking: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

function soleRequest({ body }: Pick<Call, 'body'>): RpcMessage | undefined {
  if (body.kind !== 'rpc' || body.rpc.batch) return undefined;
  const [message] = body.rpc.messages;
  return message?.id !== undefined && asking.has(message.method ?? '') ? message : undefined;
}

/** The state it brings, as the server wrote it; undefined: it goes on from nothing. */
export function stateBrought(call: Pick<Call, 'body'>): string | undefined {
  return soleRequest(call)?.state;
}

/** The same for a call that is answered with this state and for the one that brings it; undefined: nothing goes on from it. */
export function retryKey(call: Pick<Call, 'body' | 'path'>, state: string): string | undefined {
  const message = soleRequest(call);
  if (message === undefined) return undefined;
  const { method, params } = message;
  return JSON.stringify([call.path, method, params['name'] ?? null, params['uri'] ?? null, state]);
}

/** Without what the call it goes on from was counted under. */
export function countOnce(
  counts: readonly CallCount[],
  { continued }: Pick<Call, 'continued'>,
): readonly CallCount[] {
  return continued === undefined ? counts : counts.filter(({ limit }) => !continued.has(limit.account));
}
