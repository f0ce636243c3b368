/**
 * An invocation event as the wide row of the tables of calls. Pure. What a pool says of times and numbers is brought into
 * bounds: a call made "in 2106" must not open a partition of its own, nor stand for ever on top of a list.
 */
import { isTerminal, type Invocation } from '../../contract/index.ts';
import { cut, renderTime } from '../otlp/otlp-value.ts';

export interface EventOrigin {
  readonly seq: number;
  /** When JetStream took it. */
  readonly takenMs: number;
}

const dayMs = 24 * 3600 * 1000;
/** A call may be told of this long after it was made, and its maker's clock may be this far ahead. */
const maxLateMs = 7 * dayMs;
const maxAheadMs = dayMs;
const maxReasonChars = 64;
const maxTextChars = 512;

const renderMs = (ms: number): string => renderTime(BigInt(Math.trunc(ms)) * 1_000_000n);

/** 0 when absent or not a time; within what a DateTime64 holds. */
function parseMs(text: string | undefined): number {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(ms) && ms > 0 && ms < 8_000_000_000_000 ? ms : 0;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** When the call was made, as near to when it was told of as can be believed. */
export function createdMs(invocation: Invocation, takenMs: number): number {
  const said = parseMs(invocation.metadata.creationTimestamp);
  return said === 0 ? takenMs : clamp(said, takenMs - maxLateMs, takenMs + maxAheadMs);
}

export function renderEventRow(invocation: Invocation, { seq, takenMs }: EventOrigin): string {
  const { metadata, spec, status } = invocation;
  const row = {
    namespace: metadata.namespace,
    agent_kind: spec.parentRef.kind,
    agent_name: spec.parentRef.name,
    agent_uid: cut(spec.parentRef.uid, maxTextChars),
    id: metadata.uid,
    phase: status.phase,
    reason: cut(status.reason, maxReasonChars),
    created_at: renderMs(createdMs(invocation, takenMs)),
    event_time: renderMs(takenMs),
    started_at: renderMs(parseMs(status.startTime)),
    completed_at: renderMs(parseMs(status.completionTime)),
    deadline: renderMs(parseMs(status.deadline)),
    trigger: spec.trigger.type,
    revision: cut(status.revision, maxTextChars),
    worker: cut(status.worker, maxTextChars),
    trace_id: cut(status.traceId, maxTextChars),
    http_status: clamp(status.httpStatus ?? 0, 0, 65_535),
    exit_code: clamp(status.exitCode ?? 0, -(2 ** 31), 2 ** 31 - 1),
    total_ms: status.totalMs ?? 0,
    stream_seq: String(seq),
    object: JSON.stringify(invocation),
  };
  return JSON.stringify(row);
}

export function hasEnded(invocation: Invocation): boolean {
  return isTerminal(invocation.status.phase);
}
