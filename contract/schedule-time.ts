/**
 * Whether a schedule ever fires, and the next time it would: nothing fires schedules yet. Pure: the time comes in. A local time that a change of
 * clocks leaves out is left out; one that comes twice fires the first time.
 */
import type { CronSchedule, Schedule } from './schedule.ts';

// 29 February on one weekday can be forty years away (2072 to 2112).
const horizonDays = 40 * 366 + 1;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The longest February has 29 days. */
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** True when no year has a day it names: 31 February. */
export function neverFires(schedule: Schedule): boolean {
  if (schedule.kind === 'interval' || schedule.dayOrWeekday) return false;
  return ![...schedule.months].some((month) =>
    [...schedule.days].some((day) => day <= (monthDays[month - 1] ?? 0)),
  );
}

/** The first time after `after`, both in ms since 1970; undefined when there is none. */
export function nextFire(schedule: Schedule, after: number): number | undefined {
  if (schedule.kind === 'interval') return Math.floor(after / 1_000) * 1_000 + schedule.periodMs;
  if (neverFires(schedule)) return undefined;
  const clock = clockOf(schedule.timeZone);
  const first = Math.floor(clock.local(after) / minuteMs) * minuteMs;
  const midnight = Math.floor(first / dayMs) * dayMs;
  for (let day = 0; day < horizonDays; day += 1) {
    const start = midnight + day * dayMs;
    if (!dayMatches(schedule, new Date(start))) continue;
    const time = firstTime(
      schedule,
      start,
      (local) => (local < first ? undefined : clock.instant(local)),
      after,
    );
    if (time !== undefined) return time;
  }
  return undefined;
}

function dayMatches(schedule: CronSchedule, date: Date): boolean {
  if (!schedule.months.has(date.getUTCMonth() + 1)) return false;
  const day = schedule.days.has(date.getUTCDate());
  const weekday = schedule.weekdays.has(date.getUTCDay());
  return schedule.dayOrWeekday ? day || weekday : day && weekday;
}

function firstTime(
  schedule: CronSchedule,
  midnight: number,
  instantOf: (local: number) => number | undefined,
  after: number,
): number | undefined {
  for (const hour of [...schedule.hours].sort((a, b) => a - b)) {
    for (const minute of [...schedule.minutes].sort((a, b) => a - b)) {
      const time = instantOf(midnight + (hour * 60 + minute) * minuteMs);
      if (time !== undefined && time > after) return time;
    }
  }
  return undefined;
}

/** Local times are written as if they were UTC. */
interface Clock {
  readonly local: (instant: number) => number;
  /** Undefined: the clock never shows it. */
  readonly instant: (local: number) => number | undefined;
}

function clockOf(timeZone: string | undefined): Clock {
  if (timeZone === undefined) return { local: (instant) => instant, instant: (local) => local };
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const local = (instant: number): number => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  };
  const instant = (wanted: number): number | undefined => {
    // The offset a day before and a day after: one of them is in force at the time itself.
    const offsets = [wanted - dayMs, wanted + dayMs].map((near) => local(near) - near);
    const candidates = offsets.map((offset) => wanted - offset).sort((a, b) => a - b);
    return candidates.find((candidate) => local(candidate) === wanted);
  };
  return { local, instant };
}
