/**
 * What each schedule fired last, in NATS KV: one key an agent, changed by compare-and-set alone. Whoever writes a due time into it
 * fires that time, and nobody else does: one fire is one run, however many ingresses there are and whichever of them dies.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { natsToken } from './platform-identity.ts';

/** Of the code in a mark's result, in characters; who writes one cuts it. */
export const maxScheduleCodeLength = 128;

export const scheduleBucket = {
  name: 'CLRK_SCHEDULES',
  /** A mark nobody has written for so long is gone: no clock is wrong by more, and what fires more seldom is shown by its status. */
  ttlMs: 7 * 24 * 60 * 60_000,
  /** Together; full, the oldest give way. A mark takes about 300 bytes. */
  maxBytes: 64 * 1024 * 1024,
} as const;

/**
 * A due time more than a minute past is not fired any more: the original makes up for nothing, and a minute is what a restart of
 * the ingress, or the wait for a place, may take.
 */
export const lateFireMs = 60_000;

/**
 * A mark further ahead than this is of a clock that was wrong, and is not believed, or the schedule would be silent until then. A
 * clock that is set back by less never fires a time twice.
 */
export const aheadMarkMs = 24 * 60 * 60_000;

export const scheduleMarkSchema = Type.Object({
  version: Type.Literal(1),
  /** The time that was fired, in Unix milliseconds. */
  due: Type.Integer({ minimum: 0 }),
  /** As the agent had it then. */
  schedule: Type.String({ maxLength: 256 }),
  /** Of its run. */
  invocation: Type.String({ maxLength: 64 }),
  /** Absent while it runs, and for good when its ingress was lost. */
  result: Type.Optional(
    Type.Object({
      succeeded: Type.Boolean(),
      /** Stable code of what went wrong. */
      code: Type.Optional(Type.String({ maxLength: maxScheduleCodeLength })),
    }),
  ),
});
export type ScheduleMark = Static<typeof scheduleMarkSchema>;
export type ScheduleResult = NonNullable<ScheduleMark['result']>;

/** What nobody can read is as if it were not there: it is written over, by one. */
export function parseScheduleMark(text: string | undefined): ScheduleMark | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return Value.Check(scheduleMarkSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** By uid: an agent that is made anew under the same name begins anew. */
export function scheduleMarkKey({
  namespace,
  uid,
}: {
  readonly namespace: string;
  readonly uid: string;
}): string {
  return `${natsToken(namespace)}.${natsToken(uid)}`;
}

export const scheduleStream = `KV_${scheduleBucket.name}`;

export function scheduleMarkSubject(key: string): string {
  return `$KV.${scheduleBucket.name}.${key}`;
}

/** Where one mark is read. */
export function scheduleMarkReadSubject(key: string): string {
  return `$JS.API.DIRECT.GET.${scheduleStream}.${scheduleMarkSubject(key)}`;
}
