/**
 * When an agent is called by the clock: five cron fields, `@daily` and its like or `@every 5m`, in UTC unless a time zone stands in
 * front, checked one by one where they are written. It only checks.
 */
import type { Duration } from 'cdk8s';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Three-letter names of values, from `min` on. */
  readonly words?: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  // 0 and 7 are both Sunday.
  { name: 'day of week', min: 0, max: 7, words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
];

const partPattern = /^(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:\/([0-9]{1,3}))?$/;

function valueOf(text: string, { min, max, words = [] }: Field): number | undefined {
  const word = words.indexOf(text.toUpperCase());
  if (word >= 0) return word + min;
  const value = /^[0-9]{1,2}$/.test(text) ? Number(text) : NaN;
  return value >= min && value <= max ? value : undefined;
}

function fitsRange(first: string, last: string, field: Field): boolean {
  const start = valueOf(first, field);
  const end = valueOf(last, field);
  return start !== undefined && end !== undefined && start <= end;
}

function fits(part: string, field: Field): boolean {
  const [whole, first, last = first, step = '1'] = partPattern.exec(part) ?? [];
  if (whole === undefined || Number(step) < 1 || Number(step) > field.max) return false;
  return first === undefined || last === undefined || fitsRange(first, last, field);
}

/** Words for usual schedules. */
const words: ReadonlySet<string> = new Set([
  ...['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'],
]);
/** A duration as Go writes it, such as 1h30m. */
const everyPattern = /^@every +(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h))+$/;
const zonePattern = /^(?:CRON_)?TZ=([^ ]+) +(.*)$/;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with a schedule; undefined when nothing is. */
export function problemOfCron(expression: string): string | undefined {
  const [, zone, rest = expression.trim()] = zonePattern.exec(expression.trim()) ?? [];
  if (zone !== undefined && !isTimeZone(zone)) return `"${expression}": there is no time zone ${zone}`;
  return problemOfTime(expression, rest.trim());
}

function problemOfTime(expression: string, time: string): string | undefined {
  if (words.has(time)) return undefined;
  if (time.startsWith('@')) return problemOfWord(expression, time);
  const parts = time.split(/ +/);
  if (parts.length !== fields.length) return `"${expression}" must be 5 fields, such as */5 * * * *`;
  const wrong = fields.find(
    (field, index) => !(parts[index] ?? '').split(',').every((part) => fits(part, field)),
  );
  return wrong === undefined ? undefined : `"${expression}": the ${wrong.name} is none`;
}

function problemOfWord(expression: string, time: string): string | undefined {
  const isPeriod = everyPattern.test(time) && /[1-9]/.test(time);
  return isPeriod ? undefined : `"${expression}" is none of ${[...words].join(', ')}, @every 5m`;
}

/**
 * When a TaskAgent is called by the clock, besides calls over HTTP. Times are UTC, unless a schedule names another zone.
 *
 * @example
 * ```ts
 * new TaskAgent(chart, 'report', { image: 'ghcr.io/acme/report:1.0.0', pool, schedule: Schedule.daily({ hour: 6 }) });
 * ```
 */
export class Schedule {
  /** As the manifest has it. */
  readonly expression: string;

  private constructor(expression: string) {
    const problem = problemOfCron(expression);
    if (problem !== undefined) throw new Error(problem);
    this.expression = expression.trim();
  }

  /**
   * Five cron fields: minute, hour, day of month, month, day of week; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`; or
   * `@every` and a duration. `CRON_TZ=` and a time zone in front make it the time there.
   *
   * @example
   * ```ts
   * Schedule.cron('CRON_TZ=Europe/Berlin 0 6 * * MON-FRI');
   * ```
   */
  static cron(expression: string): Schedule {
    return new Schedule(expression);
  }

  /**
   * Again and again. Cron can say this only for whole minutes that divide an hour, or whole hours that divide a day.
   *
   * @example
   * ```ts
   * Schedule.every(Duration.minutes(15));
   * ```
   */
  static every(interval: Duration): Schedule {
    const minutes = interval.toMinutes({ integral: false });
    if (minutes === 24 * 60) return Schedule.daily();
    if (Number.isInteger(minutes) && minutes > 0) {
      if (minutes === 1) return new Schedule('* * * * *');
      if (minutes < 60 && 60 % minutes === 0) return new Schedule(`*/${minutes} * * * *`);
      const hours = minutes / 60;
      if (hours === 1) return new Schedule('0 * * * *');
      if (Number.isInteger(hours) && 24 % hours === 0) return new Schedule(`0 */${hours} * * *`);
    }
    throw new Error(
      `every ${interval.toHumanString()} has no cron expression; Schedule.cron('@every ${minutes}m') counts it from the agent's creation`,
    );
  }

  /**
   * Once a day, at midnight UTC unless told otherwise.
   *
   * @example
   * ```ts
   * Schedule.daily({ hour: 6, minute: 30 });
   * ```
   */
  static daily({ hour = 0, minute = 0 }: TimeOfDay = {}): Schedule {
    return new Schedule(`${minute} ${hour} * * *`);
  }
}

/** A time of day, UTC. */
export interface TimeOfDay {
  /**
   * 0 to 23.
   *
   * @default 0
   */
  readonly hour?: number;
  /**
   * 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}
