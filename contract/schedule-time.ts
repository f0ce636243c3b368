/**
 * Whether a schedule ever fires, and when next. Pure: the time comes in. A local time that a change of clocks leaves out is left
 * out; one that comes twice fires the first time. Whoever asks after the same moment is told the same, on every machine: periods
 * are counted from a moment of the agent, not from the start of some process.
 */
import type { CronSchedule, Schedule } from './schedule.ts';

// 29 February on one weekday can be forty years away (2072 to 2112).
const horizonDays = 40 * 366 + 1;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** The longest February has 29 days. */
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** True when no year has a day it names: 31 February. */
export function neverFires(schedule: Schedule): boolean {
  if (schedule.kind === 'interval' || schedule.dayOrWeekday) return false;
  return ![...schedule.months].some((month) =>
    [...schedule.days].some((day) => day <= (monthDays[month - 1] ?? 0)),
  );
}

/**
 * The first time after `after`, both in ms since 1970; undefined when there is none. `since`: from when periods are counted;
 * the first is over one period later.
 */
export function nextFire(schedule: Schedule, after: number, since = 0): number | undefined {
  if (schedule.kind === 'interval') {
    const { periodMs } = schedule;
    return since + Math.max(1, Math.floor((after - since) / periodMs) + 1) * periodMs;
  }
  if (neverFires(schedule)) return undefined;
  const clock = clockOf(schedule.timeZone);
  const first = Math.floor(clock.local(after) / minuteMs) * minuteMs;
  const midnight = Math.floor(first / dayMs) * dayMs;
  const times = timesOfDay(schedule);
  for (let day = 0; day < horizonDays; day += 1) {
    const start = midnight + day * dayMs;
    if (!dayMatches(schedule, new Date(start))) continue;
    for (const local of localTimes(times, start, first)) {
      const time = clock.instant(local);
      if (time !== undefined && time > after) return time;
    }
  }
  return undefined;
}

interface TimesOfDay {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
}

function timesOfDay({ hours, minutes }: CronSchedule): TimesOfDay {
  const inOrder = (values: ReadonlySet<number>): number[] => [...values].sort((a, b) => a - b);
  return { hours: inOrder(hours), minutes: inOrder(minutes) };
}

/** Of one day, in order, none before `first`: whoever asks at the end of a day does not pay for the whole of it. */
function* localTimes({ hours, minutes }: TimesOfDay, midnight: number, first: number): Iterable<number> {
  for (const hour of hours) {
    const start = midnight + hour * hourMs;
    if (start + hourMs <= first) continue;
    for (const minute of minutes) if (start + minute * minuteMs >= first) yield start + minute * minuteMs;
  }
}

function dayMatches(schedule: CronSchedule, date: Date): boolean {
  if (!schedule.months.has(date.getUTCMonth() + 1)) return false;
  const day = schedule.days.has(date.getUTCDate());
  const weekday = schedule.weekdays.has(date.getUTCDay());
  return schedule.dayOrWeekday ? day || weekday : day && weekday;
}

/** Local times are written as if they were UTC. */
interface Clock {
  readonly local: (instant: number) => number;
  /** Undefined: the clock never shows it. */
  readonly instant: (local: number) => number | undefined;
}

/** Made once a zone: making one takes longer than asking it. Names of zones are many, and are forgotten all at once. */
const clocks = new Map<string, Clock>();
const maxClocks = 1_000;

function clockOf(timeZone: string | undefined): Clock {
  if (timeZone === undefined) return { local: (instant) => instant, instant: (local) => local };
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  if (clocks.size >= maxClocks) clocks.clear();
  const made = zonedClock(timeZone);
  clocks.set(timeZone, made);
  return made;
}

function zonedClock(timeZone: string): Clock {
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
