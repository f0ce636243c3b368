/** Which times are due, as one ingress finds them. */
import { describe, expect, test } from 'vitest';
import type { IngressAgent } from '../../contract/index.ts';
import { ScheduleBook, type Due } from '../../ingress/schedule-book.ts';
import { scheduled } from './schedule-fixture.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const noon = Date.parse('2026-11-27T12:00:00Z');
const minutely = scheduled('a', '* * * * *');

/** As `12:01:00`. */
const clock = (unixMs: number): string => new Date(unixMs).toISOString().slice(11, 19);

class Desk {
  readonly book = new ScheduleBook();

  constructor(agents: readonly IngressAgent[] = [minutely], at = noon - second) {
    this.book.configure(agents, at);
    this.look(at);
  }

  /** Looks, and lets what is due be fired. */
  look(now: number): string[] {
    const given = this.book.look(now, () => 'here');
    for (const due of given) this.book.settle(due, 'fired');
    return given.map(({ at, beforeKnown }) => `${clock(at)}${beforeKnown ? '?' : ''}`);
  }

  take(now: number): Due[] {
    return this.book.look(now, () => 'here');
  }
}

describe('a minutely schedule', () => {
  test('is due each minute once, however often one looks', () => {
    const desk = new Desk();
    // The minute before it was known is in question.
    expect(desk.look(noon - second + 1)).toEqual([]);
    expect(desk.look(noon)).toEqual(['12:00:00']);
    expect(desk.look(noon + second)).toEqual([]);
    expect(desk.look(noon + minute + 3 * second)).toEqual(['12:01:00']);
  });

  test('is in question for the minute before it was known, and no earlier one', () => {
    const desk = new Desk([minutely], noon + second);
    expect(desk.look(noon + 2 * second)).toEqual([]);
    const late = new ScheduleBook();
    late.configure([minutely], noon + second);
    expect(late.look(noon + second, () => 'here')).toMatchObject([{ at: noon, beforeKnown: true }]);
  });

  test('after an hour’s sleep is due once, and the rest is missed', () => {
    const desk = new Desk();
    expect(desk.look(noon + hour)).toEqual(['13:00:00']);
    expect(desk.look(noon + hour + second)).toEqual([]);
    expect(desk.book.missed).toBeGreaterThan(0);
  });

  test('does not come again when the clock goes back, and goes on when it is there again', () => {
    const desk = new Desk();
    expect(desk.look(noon + minute)).toEqual(['12:01:00']);
    desk.look(noon + minute);
    for (let at = noon - hour; at < noon + 2 * minute; at += 20 * second) expect(desk.look(at)).toEqual([]);
    expect(desk.look(noon + 2 * minute)).toEqual(['12:02:00']);
  });

  test('is not silent for years because a clock was wrong by years', () => {
    const desk = new Desk([minutely], noon + 10 * 365 * 24 * hour);
    desk.look(noon);
    desk.look(noon + second);
    desk.look(noon + minute);
    expect(desk.look(noon + minute + second).concat(desk.look(noon + 2 * minute))).toContain('12:02:00');
  });

  test('is not given out twice while it is being claimed', () => {
    const desk = new Desk();
    expect(desk.take(noon)).toHaveLength(1);
    expect(desk.take(noon + second)).toEqual([]);
  });

  test('in doubt is tried again until it is too late, and is missed then', () => {
    const desk = new Desk();
    for (let at = noon; at <= noon + 50 * second; at += 10 * second) {
      const [due] = desk.take(at);
      expect(due?.at).toBe(noon);
      if (due !== undefined) desk.book.settle(due, 'doubt');
    }
    expect(desk.take(noon + 61 * second)).toMatchObject([{ at: noon + minute }]);
    expect(desk.book.missed).toBe(1);
  });
});

test('an agent without room makes no other of its namespace wait', () => {
  const desk = new Desk([scheduled('busy', '* * * * *'), scheduled('idle', '* * * * *')]);
  const given = desk.book.look(noon, ({ agent }) => (agent.name === 'busy' ? 'later' : 'here'));
  expect(given.map(({ agent }) => agent.name)).toEqual(['idle']);
  expect(desk.take(noon + second).map(({ agent }) => agent.name)).toEqual(['busy']);
});

test('an hourly time is missed when it is over a minute past', () => {
  const desk = new Desk([scheduled('h', '@hourly')]);
  const [due] = desk.take(noon);
  if (due !== undefined) desk.book.settle(due, 'doubt');
  expect(desk.look(noon + 61 * second)).toEqual([]);
  expect(desk.book.missed).toBe(1);
  expect(desk.look(noon + hour)).toEqual(['13:00:00']);
});

describe('what is known', () => {
  test('an agent that is gone is due no more, nor is one whose schedule is gone or none', () => {
    const desk = new Desk();
    desk.book.configure(
      [scheduled('a', 'nonsense'), { ...minutely, uid: 'u2', schedule: undefined } as never],
      noon,
    );
    expect(desk.look(noon)).toEqual([]);
    expect(desk.book.size).toBe(0);
  });

  test('a schedule that changes is new: what was due by the old one is not fired by it', () => {
    const desk = new Desk([scheduled('a', '*/5 * * * *')]);
    const [due] = desk.take(noon);
    desk.book.configure([minutely], noon + second);
    if (due !== undefined) desk.book.settle(due, 'fired');
    expect(desk.look(noon + second)).toEqual(['12:00:00?']);
  });

  test('another image, input or revision goes with the next fire', () => {
    const desk = new Desk();
    desk.book.configure([{ ...minutely, servingRevision: 'a-00002', scheduleInput: '[1]' }], noon - 1);
    expect(desk.take(noon)).toMatchObject([{ agent: { servingRevision: 'a-00002', scheduleInput: '[1]' } }]);
  });

  test('a period is counted from its agent, on every ingress alike', () => {
    const agent = scheduled('p', '@every 7m', { createdAt: noon - 6 * minute });
    expect(new Desk([agent]).look(noon + minute)).toEqual(['12:01:00']);
    expect(new Desk([agent], noon + 30 * second).look(noon + minute)).toEqual(['12:01:00']);
  });

  test('a year without a time costs one look', () => {
    expect(new Desk([scheduled('n', '0 0 31 2 *')]).look(noon + minute)).toEqual([]);
  });
});

test('a namespace with 5,000 schedules makes another wait for none of them', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => scheduled(`m${index}`, '* * * * *'));
  const one = scheduled('one', '* * * * *', { namespace: 'small' });
  const small = (namespaces: readonly Due[]): readonly Due[] =>
    namespaces.filter(({ agent }) => agent.namespace === 'small');
  let room = 2;
  const desk = new Desk([...many, one]);
  expect(small(desk.book.look(noon, () => ((room -= 1) >= 0 ? 'here' : 'full')))).toHaveLength(1);
  // Whose share is full keeps nobody else out.
  const fresh = new Desk([...many, one]);
  expect(fresh.book.look(noon, ({ agent }) => (agent.namespace === 'small' ? 'here' : 'full'))).toHaveLength(
    1,
  );
});
