/**
 * When a TaskAgent is called by the clock: five cron fields, `@daily` and its like, `@every 5m`, with an optional time
 * zone in front (`CRON_TZ=Europe/Berlin 0 6 * * *`), as the cron library of Kubernetes reads them. Parsing only; without
 * a zone it is UTC. It must never take what it does not understand for a schedule.
 */

/** Five fields, each as the values it holds. */
export interface CronSchedule {
  readonly kind: 'cron';
  /** IANA name; undefined: UTC. */
  readonly timeZone: string | undefined;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Day of month and day of week are OR-ed when both are restricted (POSIX crontab). */
  readonly dayOrWeekday: boolean;
}

export interface IntervalSchedule {
  readonly kind: 'interval';
  /** Whole seconds, at least one. */
  readonly periodMs: number;
}

export type Schedule = CronSchedule | IntervalSchedule;

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const macros: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** Longer than any schedule a person writes; the API takes 128. */
const maxLength = 256;

/** Undefined for text that is no schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  if (text.length > maxLength) return undefined;
  const zoned = /^\s*(?:CRON_)?TZ=(\S+)(\s[^]*)$/.exec(text);
  const timeZone = zoned?.[1];
  if (timeZone !== undefined && !isTimeZone(timeZone)) return undefined;
  const rest = (zoned?.[2] ?? text).trim();
  const every = /^@every\s+(\S+)$/.exec(rest)?.[1];
  return every === undefined ? parseCron(macros.get(rest) ?? rest, timeZone) : parseInterval(every);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const secondMs = 1_000;

/** A duration such as 1h30m; below a second it is one second, as there. */
function parseInterval(text: string): IntervalSchedule | undefined {
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,9})?)([a-zµ]+)/g)];
  const ms = parts.reduce(
    (sum, [, amount = '', unit = '']) => sum + Number(amount) * (unitMs[unit] ?? NaN),
    0,
  );
  if (!(ms > 0)) return undefined;
  return { kind: 'interval', periodMs: Math.max(secondMs, Math.floor(ms / secondMs) * secondMs) };
}

const limits: readonly Limits[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: monthNames },
  { low: 0, high: 7, names: weekdayNames },
];

function parseCron(text: string, timeZone: string | undefined): CronSchedule | undefined {
  const fields = text.split(/\s+/);
  const sets =
    fields.length === limits.length ? limits.map((each, at) => parseField(fields[at] ?? '', each)) : [];
  const [minutes, hours, days, months, weekdays] = sets;
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const [, , day, , weekday] = fields.map(isStar);
  const dayOrWeekday = day === false && weekday === false;
  return { kind: 'cron', timeZone, minutes, hours, days, months, weekdays, dayOrWeekday };
}

/** A field with a star of its own restricts nothing; with a step it does. */
function isStar(field: string): boolean {
  return field.split(',').some((part) => /^[*?](?:\/0*1)?$/.test(part));
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
  const match = /^(?:([*?])|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,3}))?$/.exec(part);
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
