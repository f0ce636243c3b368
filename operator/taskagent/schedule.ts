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
  const fields = fieldsOf(text);
  if (fields === undefined) return undefined;
  const [minute, hour, day, month, weekday] = fields;
  const minutes = parseField(minute, { low: 0, high: 59 });
  const hours = parseField(hour, { low: 0, high: 23 });
  const days = parseField(day, { low: 1, high: 31 });
  const months = parseField(month, { low: 1, high: 12, names: monthNames });
  const weekdays = parseField(weekday, { low: 0, high: 7, names: weekdayNames });
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const dayOrWeekday = !day.startsWith('*') && !weekday.startsWith('*');
  return { minutes, hours, days, months, weekdays, dayOrWeekday };
}

type Fields = readonly [minute: string, hour: string, day: string, month: string, weekday: string];

function fieldsOf(text: string): Fields | undefined {
  const fields = (macros[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  return [minute, hour, day, month, weekday];
}

/** What a field may hold; names stand for numbers from `low` on. */
interface Limits {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

interface Steps {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function parseField(text: string, limits: Limits): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const steps = parsePart(part, limits);
    if (steps === undefined) return undefined;
    for (let each = steps.start; each <= steps.end; each += steps.step) values.add(each);
  }
  return values;
}

function parsePart(part: string, limits: Limits): Steps | undefined {
  const match = /^(?:(\*)|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
  if (match === null) return undefined;
  const [, star, first = '', last, every] = match;
  const start = star === undefined ? valueOf(first, limits) : limits.low;
  const isOpen = star !== undefined || every !== undefined;
  const end = last === undefined ? (isOpen ? limits.high : start) : valueOf(last, limits);
  const steps = { start, end, step: every === undefined ? 1 : Number(every) };
  return fits(steps, limits) ? steps : undefined;
}

function valueOf(name: string, { low, names = [] }: Limits): number {
  const index = names.indexOf(name);
  return index < 0 ? Number(name) : index + low;
}

/** False for a value that is no number, too. */
function fits({ start, end, step }: Steps, { low, high }: Limits): boolean {
  return start >= low && end <= high && start <= end && step > 0;
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
