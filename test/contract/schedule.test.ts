import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neverFires, nextFire, parseSchedule } from '../../contract/index.ts';

const after = Date.parse('2026-11-23T04:15:30Z');

describe('schedule', () => {
  it.each([
    ['* * * * *', '2026-11-23T04:16:00Z'],
    ['*/20 * * * *', '2026-11-23T04:20:00Z'],
    ['0 3 * * *', '2026-11-24T03:00:00Z'],
    ['15 4 * * mon', '2026-11-30T04:15:00Z'],
    ['0 0 1 jan *', '2027-01-01T00:00:00Z'],
    ['0 0 29 2 *', '2028-02-29T00:00:00Z'],
    ['0 12 13 * 5', '2026-11-27T12:00:00Z'],
    ['5-10/5,30 4 * * *', '2026-11-23T04:30:00Z'],
    ['0 0 * * 7', '2026-11-29T00:00:00Z'],
    ['@hourly', '2026-11-23T05:00:00Z'],
    ['0 0 29 2 0', '2027-02-07T00:00:00Z'],
    ['0 0 29 2 ?', '2028-02-29T00:00:00Z'],
    // A star with a step restricts: day or weekday.
    ['0 0 1 * */2', '2026-11-24T00:00:00Z'],
    // Counted from 1970, where nobody says from when.
    ['@every 5m', '2026-11-23T04:20:00Z'],
    ['@every 10ms', '2026-11-23T04:15:31Z'],
    ['CRON_TZ=Asia/Tokyo 0 6 * * *', '2026-11-23T21:00:00Z'],
    ['TZ=America/New_York @daily', '2026-11-23T05:00:00Z'],
    ['CRON_TZ=Europe/Berlin 30 2 28 3 *', '2028-03-28T00:30:00Z'],
  ])('%s next fires at %s', (text, expected) => {
    const schedule = parseSchedule(text);
    expect(schedule && nextFire(schedule, after)).toBe(Date.parse(expected));
  });

  it.each([
    ['just made', '2026-11-23T04:15:30Z', '2026-11-23T05:45:40Z'],
    ['made long ago', '2026-11-23T00:00:00Z', '2026-11-23T04:30:30Z'],
    ['made by a clock ahead', '2026-11-23T05:00:00Z', '2026-11-23T06:30:10Z'],
  ])('a period is counted from its agent: %s', (_name, since, expected) => {
    const schedule = parseSchedule('@every 1h30m10s');
    expect(schedule && nextFire(schedule, after, Date.parse(since))).toBe(Date.parse(expected));
  });

  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '*/0 * * * *',
    'a * * * *',
    '* * * * * *',
    '@every',
    '@every -5m',
    '@every 0s',
    '@every 5',
    'CRON_TZ=Nowhere/Land * * * * *',
    'CRON_TZ=UTC',
    `* * * * ${','.repeat(300)}`,
    '5-1 * * * *',
  ])('refuses %j', (text) => expect(parseSchedule(text)).toBeUndefined());

  it('fires the first of two equal times, and leaves out one that the clock skips', () => {
    const at = (text: string, from: string): string | undefined => {
      const schedule = parseSchedule(text);
      const time = schedule && nextFire(schedule, Date.parse(from));
      return time === undefined ? undefined : new Date(time).toISOString();
    };
    // Berlin, 31 October 2027: 02:30 comes twice. 28 March 2027: it does not come.
    expect(at('CRON_TZ=Europe/Berlin 30 2 * * *', '2027-10-30T12:00:00Z')).toBe('2027-10-31T00:30:00.000Z');
    expect(at('CRON_TZ=Europe/Berlin 30 2 * * *', '2027-10-31T00:30:00Z')).toBe('2027-11-01T01:30:00.000Z');
    expect(at('CRON_TZ=Europe/Berlin 30 2 * * *', '2027-03-27T12:00:00Z')).toBe('2027-03-29T00:30:00.000Z');
  });

  it('fires later than asked, at a minute its fields hold, or never', () => {
    const field = (low: number, high: number) =>
      fc.oneof(fc.constant('*'), fc.integer({ min: low, max: high }).map(String));
    const zone = fc.constantFrom('', 'CRON_TZ=UTC ', 'CRON_TZ=America/St_Johns ', 'TZ=Australia/Lord_Howe ');
    const text = fc
      .tuple(zone, field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
      .map(([first, ...rest]) => first + rest.join(' '));
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 4_000_000_000_000 }), (schedule, from) => {
        const parsed = parseSchedule(schedule);
        if (parsed === undefined) throw new Error(schedule);
        const time = nextFire(parsed, from);
        expect(time === undefined).toBe(neverFires(parsed));
        if (time === undefined || parsed.kind !== 'cron') return;
        expect(time).toBeGreaterThan(from);
        if (parsed.timeZone !== undefined && parsed.timeZone !== 'UTC') return;
        const date = new Date(time);
        expect(parsed.minutes.has(date.getUTCMinutes()) && parsed.hours.has(date.getUTCHours())).toBe(true);
        expect(parsed.months.has(date.getUTCMonth() + 1)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('finds no time for a day that never comes', () => {
    const schedule = parseSchedule('0 0 31 2 *');
    expect(schedule && nextFire(schedule, after)).toBeUndefined();
  });
});
