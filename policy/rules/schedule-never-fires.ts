/** A schedule that never fires. */
import { neverFires, parseSchedule } from '../../contract/index.ts';
import type { Rule } from '../rule.ts';

function problemOf(text: string): string | undefined {
  const schedule = parseSchedule(text);
  if (schedule === undefined) return `"${text}" is not a cron schedule`;
  return neverFires(schedule) ? `"${text}" names a day that no year has` : undefined;
}

// Fields of the admission check: numbers and names alone; ranges, lists and steps of them.
const fieldValues = [
  '[0-5]?[0-9]',
  '[01]?[0-9]|2[0-3]',
  '0?[1-9]|[12][0-9]|3[01]',
  '0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec',
  '0?[0-7]|sun|mon|tue|wed|thu|fri|sat',
] as const;
const fields = fieldValues
  .map((value) => `([*?]|(${value})(-(${value}))?)(/[0-9]+)?`)
  .map((part) => `(${part})(,(${part}))*`)
  .join(' +');
const never =
  '(30|31)(,(30|31))* +(0?2|feb)(,(0?2|feb))*|31(,31)* +(0?[2469]|11|feb|apr|jun|sep|nov)(,(0?[2469]|11|feb|apr|jun|sep|nov))*';
const zone = '((CRON_)?TZ=[^ ]+ +)?';

export const scheduleNeverFires: Rule = {
  id: 'schedule-never-fires',
  severity: 'error',
  title: 'A schedule that never fires',
  why: 'A field out of its range or a day that no month has (31 February) is accepted as text, and then the agent is simply never called: nobody sees a run that does not happen.',
  fix: 'Write minute, hour, day of month, month and day of week within their ranges, or @daily, @hourly, @every 5m.',
  *check(world) {
    for (const { manifest, spec } of world.own('TaskAgent')) {
      const message = spec.schedule === undefined ? undefined : problemOf(spec.schedule);
      if (message !== undefined) yield { manifest, path: ['spec', 'schedule'], message };
    }
  },
  admission: [
    {
      resources: ['taskagents'],
      expression: `!has(object.spec.schedule) || object.spec.schedule.contains('@') || (object.spec.schedule.matches(r'(?i)^ *${zone}${fields} *$') && !object.spec.schedule.matches(r'(?i)^ *${zone}[^ ]+ +[^ ]+ +(${never}) +[*?] *$'))`,
      message: 'the schedule has a field out of its range, or names a day that no year has',
    },
  ],
};
