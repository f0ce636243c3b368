/**
 * What a worker does next about one daemon: ask, take the lease, start, stop, wait. Pure. It must never start, nor let run, what it
 * does not hold the lease of; all else (which worker, how soon) is a matter of comfort.
 */
import {
  daemonLeaseTimes,
  newDaemonLease,
  type DaemonLease,
  type DaemonRunMark,
} from '../../contract/index.ts';
import { afterEnd, lifeOf, waitMsOf, type DaemonTerms, type RunEnd } from './daemon-life.ts';
import {
  isMine,
  type DaemonState,
  type DaemonWant,
  type Instance,
  type SeenLease,
  type StopReason,
} from './daemon-state.ts';

export type DaemonAction =
  /** Until then, or until something happens. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'read' }
  | {
      readonly kind: 'write';
      readonly lease: DaemonLease;
      /** A run nobody lives to tell the end of: told before it is written. */
      readonly lost?: DaemonRunMark;
    }
  | { readonly kind: 'start'; readonly run: DaemonRunMark; readonly planKey: string }
  | { readonly kind: 'stop'; readonly how: 'gently' | 'now'; readonly reason: StopReason };

export interface Moment {
  readonly now: number;
  /** Unix milliseconds, for what is shown. */
  readonly unixMs: number;
  /** Of a run that begins now. */
  readonly newId: string;
}

const { renewMs, takeMs, pollMs } = daemonLeaseTimes;
/** Nothing is to be done here, but somebody may ask how it is. */
const idlePollMs = 10_000;
/** What ended for good is written again, or the bucket would forget it. */
const refreshMs = 24 * 60 * 60_000;
/** A worker that cannot get the new revision's image lets go of the daemon: another has it. */
const unfitMs = 60_000;
const forever = Number.POSITIVE_INFINITY;

const wait = (untilMs: number): DaemonAction => ({ kind: 'wait', untilMs });

export function compute(state: DaemonState, moment: Moment): DaemonAction {
  const { instance, busy, seen, doubt, retryAt } = state;
  const { now } = moment;
  if (instance !== undefined && instance.end === undefined) return ofLive(state, instance, now);
  if (busy) return wait(forever);
  if (now < retryAt) return wait(retryAt);
  if (seen === undefined || doubt) return { kind: 'read' };
  return seen.lease !== undefined && isMine(state)
    ? ofMine(state, seen.lease, moment)
    : ofOthers(state, seen, now);
}

function ofLive(state: DaemonState, instance: Instance, now: number): DaemonAction {
  if (now >= state.heldUntil) {
    return instance.stopping === 'now' ? wait(forever) : { kind: 'stop', how: 'now', reason: 'LeaseLost' };
  }
  const reason = instance.stopping === undefined ? reasonToStop(state, instance, now) : undefined;
  if (reason !== undefined) return { kind: 'stop', how: 'gently', reason };
  const renewal = renew(state, now);
  if (renewal.kind !== 'wait') return renewal;
  return wait(Math.min(renewal.untilMs, state.heldUntil, nextLook(state, instance, now)));
}

function renew({ busy, doubt, retryAt, renewedAt, seen }: DaemonState, now: number): DaemonAction {
  if (busy) return wait(forever);
  if (now < retryAt) return wait(retryAt);
  if (doubt || seen?.lease === undefined) return { kind: 'read' };
  return now >= renewedAt + renewMs ? { kind: 'write', lease: seen.lease } : wait(renewedAt + renewMs);
}

function reasonToStop(state: DaemonState, instance: Instance, now: number): StopReason | undefined {
  const { terms, stop } = state.want;
  if (stop !== undefined) return stop;
  if (terms === undefined) return 'Removed';
  if (isOutdated(state, instance, terms, now)) return 'Replaced';
  const { maxLifetimeMs } = terms;
  const { startedAt } = instance;
  return maxLifetimeMs > 0 && startedAt !== undefined && now >= startedAt + maxLifetimeMs
    ? 'MaxLifetime'
    : undefined;
}

function isOutdated(
  { want, unfitSince }: DaemonState,
  { run, planKey }: Instance,
  { revision, restartPolicy }: DaemonTerms,
  now: number,
): boolean {
  const isNewRevision = revision !== run.revision;
  if (want.planKey === undefined) return isNewRevision && now >= unfitSince + unfitMs;
  // A key or a certificate that changed is no reason to end for good what must never start again.
  return isNewRevision || (planKey !== want.planKey && restartPolicy !== 'Never');
}

/** When time alone gives a reason to stop. */
function nextLook({ want, unfitSince }: DaemonState, { startedAt, stopping }: Instance, now: number): number {
  if (stopping !== undefined || want.terms === undefined) return forever;
  const { maxLifetimeMs } = want.terms;
  const lifetime = maxLifetimeMs > 0 && startedAt !== undefined ? startedAt + maxLifetimeMs : forever;
  const unfit = unfitSince + unfitMs;
  return Math.min(lifetime, want.planKey === undefined && unfit > now ? unfit : forever);
}

function ofMine(state: DaemonState, lease: DaemonLease, moment: Moment): DaemonAction {
  const { me, want, renewedAt } = state;
  const { terms } = want;
  const end = endOf(state, lease);
  if (end !== undefined) return { kind: 'write', lease: keptOrReleased(afterEnd(lease, end, terms), want) };
  if (moment.now >= renewedAt + renewMs) return { kind: 'write', lease };
  if (lease.run === undefined) return nextStart(state, lease, moment);
  if (lease.run.by !== me.id) {
    const lost = { reason: 'WorkerLost', upMs: 0 } as const;
    return { kind: 'write', lease: afterEnd(lease, lost, terms), lost: lease.run };
  }
  // Written and not begun yet.
  return mayRun(want) && lease.run.revision === want.terms.revision
    ? { kind: 'start', run: lease.run, planKey: want.planKey }
    : { kind: 'write', lease: keptOrReleased(withoutRun(lease), want) };
}

/** Of a run that this process has begun: it is not begun a second time. */
function endOf({ instance, ended }: DaemonState, { run }: DaemonLease): RunEnd | undefined {
  if (instance?.end !== undefined) return instance.end;
  return run !== undefined && ended?.id === run.id ? ended.end : undefined;
}

function nextStart(state: DaemonState, lease: DaemonLease, { now, unixMs, newId }: Moment): DaemonAction {
  const { me, want, renewedAt, waitingSince } = state;
  if (!mayRun(want)) return { kind: 'write', lease: released(lease) };
  const { revision } = want.terms;
  const life = lifeOf(lease, revision);
  if (life.over) return { kind: 'write', lease: released(life) };
  const startAt = waitingSince + waitMsOf(life);
  if (now < startAt) return wait(Math.min(startAt, renewedAt + renewMs));
  const run = { id: newId, by: me.id, worker: me.worker, revision, startedAt: unixMs };
  return { kind: 'write', lease: { ...life, run } };
}

function ofOthers(state: DaemonState, seen: SeenLease, now: number): DaemonAction {
  const { want, instance } = state;
  const { lease } = seen;
  if (want.stop !== undefined || want.terms === undefined || instance !== undefined) return wait(forever);
  if (lease?.holder === undefined && isOver(lease, want.terms.revision)) {
    return now >= seen.seenAt + refreshMs ? { kind: 'write', lease } : look(state, idlePollMs, now);
  }
  return mayRun(want) ? takeOrLook(state, seen, now) : look(state, idlePollMs, now);
}

function takeOrLook(state: DaemonState, { lease, seenAt }: SeenLease, now: number): DaemonAction {
  if (isFree(state, lease) || now >= seenAt + takeMs) {
    return { kind: 'write', lease: { ...(lease ?? newDaemonLease), holder: state.me } };
  }
  const next = look(state, pollMs, now);
  return next.kind === 'wait' ? wait(Math.min(next.untilMs, seenAt + takeMs)) : next;
}

function look({ askedAt }: DaemonState, everyMs: number, now: number): DaemonAction {
  return now >= askedAt + everyMs ? { kind: 'read' } : wait(askedAt + everyMs);
}

/** Who comes back under the same name has ended what its predecessor left, before it opened. */
function isFree({ me }: DaemonState, lease: DaemonLease | undefined): boolean {
  return lease !== undefined && (lease.holder === undefined || lease.holder.worker === me.worker);
}

function mayRun(want: DaemonWant): want is Required<Pick<DaemonWant, 'terms' | 'planKey'>> {
  return want.stop === undefined && want.terms !== undefined && want.planKey !== undefined;
}

function keptOrReleased(lease: DaemonLease, want: DaemonWant): DaemonLease {
  return mayRun(want) && !isOver(lease, want.terms.revision) ? lease : released(lease);
}

function isOver(lease: DaemonLease | undefined, revision: string): lease is DaemonLease {
  return lease !== undefined && lease.over && lease.revision === revision;
}

function withoutRun({ run: _run, ...lease }: DaemonLease): DaemonLease {
  return lease;
}

function released({ holder: _holder, ...lease }: DaemonLease): DaemonLease {
  return lease;
}
