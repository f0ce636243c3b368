/**
 * What a gateway tells the operator of its parked calls, within the bytes that are read of it: everything that waits, and as much of
 * what ended as fits; the rest of that is told next time. Pure.
 */
import { approvalBounds, type AgentRef, type ApprovalAsk, type AskState } from '../../contract/index.ts';
import type { Ask } from '../../decision/index.ts';

export interface AskedCallOf {
  readonly agent: AgentRef;
  readonly agentUid: string;
  readonly invocation: string;
  readonly ask: Ask;
  /** Until when it may wait. */
  readonly until: number;
}

/** Around the asks of a report. */
const envelopeBytes = 64;

export function askOf(
  id: string,
  { agent, agentUid: uid, invocation, ask, until }: AskedCallOf,
  { state, now }: { readonly state: AskState; readonly now: number },
): ApprovalAsk {
  const leftMs = Math.min(approvalBounds.waitMs, Math.max(0, Math.floor(until - now)));
  const { kind, namespace, name } = agent;
  const { method, host, port } = ask.call;
  // Nobody is shown what is over.
  const call = state === 'waiting' ? ask.call : { method, host, port };
  const who = { agent: { kind, namespace, name, uid }, invocation };
  return { id, state, ...who, route: ask.route, key: ask.key, call, leftMs };
}

/** With the comma behind it. */
function bytesOf(ask: ApprovalAsk): number {
  return Buffer.byteLength(JSON.stringify(ask)) + 1;
}

/** May it be asked at all? What of it is shown was cut before: its names may be too long. */
export function isAskable(ask: ApprovalAsk): boolean {
  return bytesOf(ask) <= approvalBounds.askBytes;
}

/** `ended`: oldest first. How many of them are told. */
export function endedThatFit(waiting: readonly ApprovalAsk[], ended: readonly ApprovalAsk[]): number {
  let left = approvalBounds.reportBytes - envelopeBytes;
  for (const ask of waiting) left -= bytesOf(ask);
  const at = ended.findIndex((ask) => (left -= bytesOf(ask)) < 0);
  return at === -1 ? ended.length : at;
}
