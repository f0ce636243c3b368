/** Standard five-field cron in UTC: parsing and the next minute that matches. Pure; only for status, the ingress fires. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Day of month and day of week are OR-ed when both are restricted (POSIX crontab). */
  readonly dayOrWeekday: boolean;
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

export function parseSchedule(text: string): Schedule | undefined {
  const fields = (macros[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const minutes = parseField(minute, 0, 59);
  const hours = parseField(hour, 0, 23);
  const days = parseField(day, 1, 31);
  const months = parseField(month, 1, 12, monthNames);
  const weekdays = parseField(weekday, 0, 7, weekdayNames);
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const dayOrWeekday = !day.startsWith('*') && !weekday.startsWith('*');
  return { minutes, hours, days, months, weekdays, dayOrWeekday };
}

function parseField(
  text: string,
  low: number,
  high: number,
  names: readonly string[] = [],
): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const match = /^(?:(\*)|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (match === null) return undefined;
    const value = (name: string): number => {
      const index = names.indexOf(name);
      return index < 0 ? Number(name) : index + low;
    };
    const start = match[1] === undefined ? value(match[2] ?? '') : low;
    const open = match[1] !== undefined || match[4] !== undefined;
    const end = match[3] === undefined ? (open ? high : start) : value(match[3]);
    const step = match[4] === undefined ? 1 : Number(match[4]);
    if (!(start >= low && end <= high && start <= end && step > 0)) return undefined;
    for (let each = start; each <= end; each += step) values.add(each);
  }
  return values;
}

// 29 February can be eight years away.
const horizonDays = 8 * 366 + 1;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** The first matching minute after `after`; undefined when there is none (31 February). */
export function nextFire(schedule: Schedule, after: number): number | undefined {
  const first = Math.floor(after / minuteMs) * minuteMs + minuteMs;
  const midnight = Math.floor(first / dayMs) * dayMs;
  for (let day = 0; day < horizonDays; day += 1) {
    const start = midnight + day * dayMs;
    if (!dayMatches(schedule, new Date(start))) continue;
    const time = firstMinute(schedule, start, first);
    if (time !== undefined) return time;
  }
  return undefined;
}

function dayMatches(schedule: Schedule, date: Date): boolean {
  if (!schedule.months.has(date.getUTCMonth() + 1)) return false;
  const day = schedule.days.has(date.getUTCDate());
  const weekday = schedule.weekdays.has(date.getUTCDay());
  return schedule.dayOrWeekday ? day || weekday : day && weekday;
}

function firstMinute(schedule: Schedule, midnight: number, first: number): number | undefined {
  for (const hour of [...schedule.hours].sort((a, b) => a - b)) {
    for (const minute of [...schedule.minutes].sort((a, b) => a - b)) {
      const time = midnight + (hour * 60 + minute) * minuteMs;
      if (time >= first) return time;
    }
  }
  return undefined;
}
