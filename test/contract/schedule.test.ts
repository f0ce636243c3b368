import { describe, expect, it } from 'vitest';
import { nextFire, parseSchedule } from '../../contract/index.ts';

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
  ])('%s next fires at %s', (text, expected) => {
    const schedule = parseSchedule(text);
    expect(schedule && nextFire(schedule, after)).toBe(Date.parse(expected));
  });

  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '*/0 * * * *',
    'a * * * *',
    '5-1 * * * *',
  ])('refuses %j', (text) => expect(parseSchedule(text)).toBeUndefined());

  it('finds no time for a day that never comes', () => {
    const schedule = parseSchedule('0 0 31 2 *');
    expect(schedule && nextFire(schedule, after)).toBeUndefined();
  });
});
