/**
 * What becomes of an event when a run of it has ended, or could not begin. Pure. Runs that failed are counted; what could not be
 * started is no failure, and waits until it can be, or until it has waited too long. It must never give an event up that may still run.
 */
import { afterFailureMs, afterNotStartedMs, eventTimes } from '../contract/index.ts';
import { problems } from './problem.ts';
import { isWorkerRefusal } from './worker-refusal.ts';

export interface EventStanding {
  /** Runs of it that failed. */
  readonly failures: number;
  /** Deliveries since it was stored, this one among them. */
  readonly tries: number;
  /** Since it was stored; undefined: nobody knows what time it is. */
  readonly waitedMs: number | undefined;
}

/** `stopping`: whoever ran it ends, and says nothing of the agent. */
export type EventEnd =
  { readonly kind: 'well' | 'stopping' } | { readonly kind: 'failed' | 'notStarted'; readonly code: string };

export type EventVerdict =
  | { readonly do: 'done' }
  /** Asked again, at its place. */
  | { readonly do: 'again'; readonly afterMs: number }
  /** Run again, apart from its place until then. */
  | { readonly do: 'retry'; readonly failures: number; readonly afterMs: number }
  | { readonly do: 'giveUp'; readonly failures: number; readonly reason: string };

/** Answers of the ingress that say that nothing ran. */
const notStarted: ReadonlySet<string> = new Set([
  problems.no_ready_revision.code,
  problems.at_max_concurrent.code,
  problems.no_ready_worker.code,
  problems.recordsFull.code,
  problems.notConfigured.code,
  problems.draining.code,
]);

export function readEnd(code: string): EventEnd {
  return { kind: notStarted.has(code) || isWorkerRefusal(code) ? 'notStarted' : 'failed', code };
}

function hasWaitedTooLong({ waitedMs }: EventStanding): boolean {
  return waitedMs !== undefined && waitedMs >= eventTimes.notStartedMs;
}

export function judgeEvent(standing: EventStanding, end: EventEnd, maxFailures: number): EventVerdict {
  switch (end.kind) {
    case 'well':
      return { do: 'done' };
    case 'stopping':
      return { do: 'again', afterMs: 0 };
    case 'notStarted': {
      const { failures, tries } = standing;
      if (hasWaitedTooLong(standing)) return { do: 'giveUp', failures, reason: `NOT_STARTED ${end.code}` };
      return { do: 'again', afterMs: afterNotStartedMs(tries) };
    }
    case 'failed': {
      const failures = standing.failures + 1;
      if (failures >= maxFailures) return { do: 'giveUp', failures, reason: end.code };
      return { do: 'retry', failures, afterMs: afterFailureMs(failures) };
    }
  }
}

/** It failed, and there is no room apart from its place: it keeps that, and what it has failed is not written down. */
export function judgeUnkept(
  standing: EventStanding,
  { failures, afterMs }: Extract<EventVerdict, { do: 'retry' }>,
  code: string,
): EventVerdict {
  return hasWaitedTooLong(standing) ? { do: 'giveUp', failures, reason: code } : { do: 'again', afterMs };
}
