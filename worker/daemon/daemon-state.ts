/**
 * What a worker knows of one daemon, and how what happens changes it. Pure: `observe` takes an event in, `compute` (daemon-step.ts)
 * says what to do next. Times are of this process's monotonic clock.
 */
import {
  daemonLeaseTimes,
  parseDaemonLease,
  type DaemonEndReason,
  type DaemonHolder,
  type DaemonLease,
  type DaemonRunMark,
} from '../../contract/index.ts';
import type { KeyedEntry, KeyedWrite } from '../../process/index.ts';
import type { DaemonTerms, RunEnd } from './daemon-life.ts';

export interface DaemonWant {
  /** Absent: this worker's config has nothing of it to run. */
  readonly terms?: DaemonTerms;
  /** It is not to run here, and why. */
  readonly stop?: StopReason;
  /** Digest of all that is baked into its sandbox; absent: it cannot be started here now. */
  readonly planKey?: string;
}

/** Why the platform ends a run. */
export type StopReason = Extract<
  DaemonEndReason,
  'MaxLifetime' | 'Replaced' | 'HandedOver' | 'Suspended' | 'Contained' | 'Removed' | 'LeaseLost'
>;

export interface Instance {
  readonly run: DaemonRunMark;
  readonly planKey: string;
  /** Absent while its sandbox is being made. */
  readonly startedAt?: number;
  readonly stopping?: 'gently' | 'now';
  readonly end?: RunEnd;
}

export interface SeenLease {
  /** 0: there is none. */
  readonly sequence: number;
  readonly lease?: DaemonLease;
  readonly text?: string;
  /** When this was seen first. */
  readonly seenAt: number;
}

export interface DaemonState {
  readonly me: DaemonHolder;
  readonly want: DaemonWant;
  /** Since when it cannot be started here. */
  readonly unfitSince: number;
  readonly seen?: SeenLease;
  /** Until then nobody else takes it; counted from when the last answered word was sent. */
  readonly heldUntil: number;
  readonly renewedAt: number;
  /** A write was refused or not answered: what stands is to be read. */
  readonly doubt: boolean;
  /** A question is under way. */
  readonly busy: boolean;
  readonly askedAt: number;
  readonly retryAt: number;
  /** From when the pause before the next start counts. */
  readonly waitingSince: number;
  readonly instance?: Instance;
  /**
   * The last run that ended here and was left for another to tell. Should that one go too, the run is still in the record, and is mine
   * again: it must not be taken for one that was not begun.
   */
  readonly ended?: { readonly id: string; readonly end: RunEnd };
}

export type DaemonEvent =
  | { readonly kind: 'want'; readonly want: DaemonWant }
  | { readonly kind: 'asked' }
  | { readonly kind: 'read'; readonly answer: KeyedEntry | undefined }
  | {
      readonly kind: 'written';
      readonly lease: DaemonLease;
      readonly sentAt: number;
      readonly answer: KeyedWrite;
    }
  | { readonly kind: 'starting'; readonly run: DaemonRunMark; readonly planKey: string }
  | { readonly kind: 'started' }
  | { readonly kind: 'stopping'; readonly how: 'gently' | 'now' }
  | { readonly kind: 'ended'; readonly end: RunEnd };

const retryMs = 1_000;
const never = Number.NEGATIVE_INFINITY;

export function initialState(me: DaemonHolder, want: DaemonWant, now: number): DaemonState {
  return {
    ...{ me, want, unfitSince: now, heldUntil: never, renewedAt: never, doubt: false, busy: false },
    ...{ askedAt: never, retryAt: never, waitingSince: now },
  };
}

export function isMine({ me, seen }: DaemonState): boolean {
  return seen?.lease?.holder?.id === me.id;
}

export function observe(state: DaemonState, event: DaemonEvent, now: number): DaemonState {
  switch (event.kind) {
    case 'want':
      return { ...state, want: event.want, ...unfit(state, event.want, now) };
    case 'asked':
      return { ...state, busy: true, askedAt: now };
    case 'read':
      return withoutToldEnd(read({ ...state, busy: false }, event.answer, now));
    case 'written':
      return withoutToldEnd(written({ ...state, busy: false }, event, now));
    case 'starting':
      return { ...state, instance: { run: event.run, planKey: event.planKey } };
    case 'started':
      return withInstance(state, { startedAt: now });
    case 'stopping':
      return withInstance(state, { stopping: event.how });
    case 'ended':
      return withoutToldEnd({ ...withInstance(state, { end: event.end }), waitingSince: now });
    default:
      return event satisfies never;
  }
}

function unfit(state: DaemonState, want: DaemonWant, now: number): Pick<DaemonState, 'unfitSince'> {
  return {
    unfitSince: want.planKey !== undefined || state.want.planKey !== undefined ? now : state.unfitSince,
  };
}

function withInstance(state: DaemonState, more: Partial<Instance>): DaemonState {
  return state.instance === undefined ? state : { ...state, instance: { ...state.instance, ...more } };
}

function read(state: DaemonState, answer: KeyedEntry | undefined, now: number): DaemonState {
  if (answer === undefined) return { ...state, retryAt: now + retryMs };
  const { sequence, text } = answer;
  const lease = parseDaemonLease(text);
  // A server that lost its disk counts from the beginning: the number alone does not say that it is the same.
  const isSame = state.seen?.sequence === sequence && state.seen.text === text;
  const seenAt = isSame ? (state.seen?.seenAt ?? now) : now;
  const next = {
    ...state,
    doubt: false,
    retryAt: never,
    seen: {
      ...{ sequence, seenAt },
      ...(lease === undefined ? {} : { lease }),
      ...(text === undefined ? {} : { text }),
    },
  };
  // What was read never makes a lease longer: it may have been written long ago.
  return isMine(next) ? next : { ...next, heldUntil: never };
}

function written(
  state: DaemonState,
  { lease, sentAt, answer }: Extract<DaemonEvent, { kind: 'written' }>,
  now: number,
): DaemonState {
  if (answer.kind !== 'written') {
    return { ...state, doubt: true, retryAt: answer.kind === 'lost' ? never : now + retryMs };
  }
  const next = {
    ...state,
    ...{ doubt: false, retryAt: never, renewedAt: sentAt },
    seen: { sequence: answer.sequence, lease, text: JSON.stringify(lease), seenAt: now },
  };
  if (!isMine(next)) return { ...next, heldUntil: never };
  const isNew = !isMine(state);
  return {
    ...next,
    heldUntil: sentAt + daemonLeaseTimes.giveUpMs,
    waitingSince: isNew ? now : state.waitingSince,
  };
}

/** An end that the record tells, or that is for another to tell, needs no more keeping. */
function withoutToldEnd(state: DaemonState): DaemonState {
  const { instance, seen } = state;
  if (instance?.end === undefined || state.busy || state.doubt) return state;
  if (isMine(state) && seen?.lease?.run?.id === instance.run.id) return state;
  const { instance: _left, ...rest } = state;
  return { ...rest, ended: { id: instance.run.id, end: instance.end } };
}
