import { Duration } from 'cdk8s';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Schedule } from '../../constructs/index.ts';
import { parseSchedule } from '../../contract/index.ts';
import { problemOfCron } from '../../constructs/schedule.ts';

const ranges = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

/** One field as crontab(5) allows it. */
function field([min, max]: readonly [number, number]): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const base = fc.oneof(fc.constant('*'), value.map(String), range);
  const step = fc.option(fc.integer({ min: 1, max }), { nil: undefined });
  const part = fc.tuple(base, step).map(([text, by]) => (by === undefined ? text : `${text}/${by}`));
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
}

describe('Schedule', () => {
  test('every expression crontab(5) allows is taken', () => {
    fc.assert(
      fc.property(fc.tuple(...ranges.map(field)), (parts) => {
        expect(problemOfCron(parts.join(' '))).toBeUndefined();
      }),
    );
  });

  test('property: what is taken is what the ingress fires by', () => {
    const zone = fc.constantFrom('', 'CRON_TZ=Europe/Berlin ', 'TZ=UTC ', 'CRON_TZ=Nowhere/Else ', 'TZ= ');
    const word = fc.constantFrom(
      '@daily',
      '@Daily',
      '@reboot',
      '@every 5m',
      '@every 1.5h',
      '@every 0s',
      '@every m',
    );
    const time = fc.oneof(
      word,
      fc.tuple(...ranges.map(field)).map((parts) => parts.join(' ')),
      fc.string(),
    );
    fc.assert(
      fc.property(zone, time, (where, when) => {
        const isTaken = problemOfCron(where + when) === undefined;
        // What is refused here may be written in ways that nobody needs (tabs, `?`); what is taken always fires.
        if (isTaken) expect(parseSchedule(where + when)).toBeDefined();
        if (!isTaken && !/[\t\n\v\f\r?]/.test(when)) expect(parseSchedule(where + when)).toBeUndefined();
      }),
    );
  });

  test('a value outside of its field is refused, and the field is named', () => {
    const names = ['minute', 'hour', 'day of month', 'month', 'day of week'];
    const outside = fc.integer({ min: 0, max: 4 }).chain((index) => {
      const [min, max] = ranges[index] ?? [0, 0];
      const value = fc.oneof(fc.integer({ min: max + 1, max: 999 }), fc.integer({ min: -9, max: min - 1 }));
      return value.map((text) => ({ index, text: `${text}` }));
    });
    fc.assert(
      fc.property(outside, ({ index, text }) => {
        const parts = ['*', '*', '*', '*', '*'].with(index, text);
        expect(problemOfCron(parts.join(' '))).toContain(names[index]);
      }),
    );
  });

  test.each([
    ['', '5 fields'],
    ['* * * *', '5 fields'],
    ['* * * * * *', '5 fields'],
    ['@dayly', 'none of @yearly'],
    ['@every', 'none of'],
    ['@every 0s', 'none of'],
    ['@every day', 'none of'],
    ['CRON_TZ=Mars/Olympus 0 6 * * *', 'no time zone Mars/Olympus'],
    ['TZ=Europe/Berlin', '5 fields'],
    ['*/0 * * * *', 'minute'],
    ['5-1 * * * *', 'minute'],
    ['1,,2 * * * *', 'minute'],
    ['* * * FOO *', 'month'],
    ['* * * * MON-', 'day of week'],
    ['*\n* * * *', '5 fields'],
  ])('%j is refused: %s', (expression, message) => {
    expect(() => Schedule.cron(expression)).toThrow(message);
  });

  test.each([
    [Schedule.cron(' 0 6 * * MON-FRI '), '0 6 * * MON-FRI'],
    [Schedule.cron('@daily'), '@daily'],
    [Schedule.cron(' @every 1h30m '), '@every 1h30m'],
    [Schedule.cron('CRON_TZ=Europe/Berlin 0 6 * * *'), 'CRON_TZ=Europe/Berlin 0 6 * * *'],
    [Schedule.cron('TZ=UTC @weekly'), 'TZ=UTC @weekly'],
    [Schedule.every(Duration.minutes(1)), '* * * * *'],
    [Schedule.every(Duration.minutes(15)), '*/15 * * * *'],
    [Schedule.every(Duration.hours(1)), '0 * * * *'],
    [Schedule.every(Duration.hours(6)), '0 */6 * * *'],
    [Schedule.every(Duration.days(1)), '0 0 * * *'],
    [Schedule.daily({ hour: 6, minute: 30 }), '30 6 * * *'],
  ])('%# is %s', ({ expression }, expected) => {
    expect(expression).toBe(expected);
  });

  test.each([
    Duration.minutes(7),
    Duration.seconds(90),
    Duration.hours(5),
    Duration.days(2),
    Duration.minutes(0),
  ])('what cron cannot say is refused: every %s', (interval) => {
    expect(() => Schedule.every(interval)).toThrow('has no cron expression');
  });
});
