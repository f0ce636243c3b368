/**
 * What a caller is told of a call it did not wait for, by its mark and its result: pure, and by the clock of the server that keeps
 * both. It must never say that a run goes on when it cannot any more.
 */
import { createHash } from 'node:crypto';
import {
  callResults,
  type CallerField,
  type CallMark,
  type CallResult,
  type ResultKey,
} from '../contract/index.ts';

export interface ResultStore {
  /** `taken`: there is one already. `doubt`: it may be there or not. */
  mark(key: ResultKey, mark: CallMark): Promise<'written' | 'taken' | 'doubt'>;
  /** False: it was not kept, as far as is known. */
  keep(key: ResultKey, result: CallResult, ttlSeconds: number): Promise<boolean>;
  /** Undefined: it cannot be read now. */
  read(key: ResultKey): Promise<StoredCall | undefined>;
}

export interface StoredCall {
  readonly mark: { readonly said: CallMark; readonly at: number } | undefined;
  readonly result: CallResult | undefined;
}

export type CallState =
  | { readonly kind: 'unknown' | 'running' | 'lost' | 'over' }
  | { readonly kind: 'done'; readonly result: CallResult };

/** `now`: of the clock that `at` is of. `caller`: of who asks. */
export function callState({ mark, result }: StoredCall, now: number, caller: string | undefined): CallState {
  if (mark === undefined) return { kind: 'unknown' };
  if (mark.said.caller !== undefined && mark.said.caller !== caller) return { kind: 'unknown' };
  const runsUntil = mark.at + mark.said.runMs;
  if (now >= runsUntil + callResults.keepMs) return { kind: 'over' };
  if (result !== undefined) return { kind: 'done', result };
  return { kind: now < runsUntil ? 'running' : 'lost' };
}

/** Whom a result is for, where a key set has signed who it is: told apart without keeping who it was. */
export function verifiedCaller(fields: readonly CallerField[] = []): string | undefined {
  const verified = fields
    .filter(({ verified, value }) => verified && value !== undefined)
    .map(({ field, value }) => [field, value])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  if (verified.length === 0) return undefined;
  return createHash('sha256').update(JSON.stringify(verified)).digest('hex');
}
