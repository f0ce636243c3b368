/** Who fires a due time: every way a claim can go. */
import { beforeEach, describe, expect, test } from 'vitest';
import { scheduleMarkKey, type ScheduleMark } from '../../contract/index.ts';
import type { Due } from '../../ingress/schedule-book.ts';
import { ScheduleMarks } from '../../ingress/schedule-marks.ts';
import { MemoryMarks, scheduled } from './schedule-fixture.ts';

const minute = 60_000;
const noon = Date.parse('2026-11-27T12:00:00Z');
const agent = scheduled('a', '* * * * *') as Due['agent'];
const key = scheduleMarkKey(agent);
const due = (more: Partial<Due> = {}): Due => ({ agent, at: noon, beforeKnown: false, ...more });

let store: MemoryMarks;
let ids = 0;
const replica = (): ScheduleMarks => new ScheduleMarks(store, () => `run-${(ids += 1)}`);

beforeEach(() => {
  store = new MemoryMarks();
  ids = 0;
});

async function stand(mark: Partial<ScheduleMark>): Promise<void> {
  const whole = { version: 1, due: noon, schedule: '* * * * *', invocation: 'old', ...mark };
  await store.write(key, JSON.stringify(whole), store.texts.get(key)?.sequence ?? 0);
}

describe('a due time', () => {
  test('is won by one of two, whoever comes first', async () => {
    const [a, b] = [replica(), replica()];
    const kinds = (await Promise.all([a.claim(due(), noon), b.claim(due(), noon)])).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['fired', 'won']);
    expect(await a.claim(due({ at: noon + minute }), noon)).toMatchObject({ kind: 'won' });
  });

  test.each<[string, Partial<ScheduleMark> | undefined, Partial<Due>, string]>([
    ['that is the first', undefined, {}, 'won'],
    ['that was fired', {}, {}, 'fired'],
    ['before one that was fired', { due: noon + minute }, {}, 'fired'],
    ['a clock set back by less than a day', { due: noon + 23 * 60 * minute }, {}, 'fired'],
    ['after one fired by a clock of another year', { due: noon + 400 * 24 * 60 * minute }, {}, 'won'],
    ['of another schedule before', { due: noon - minute, schedule: '@daily' }, {}, 'won'],
    ['from before a restart', { due: noon - minute }, { beforeKnown: true }, 'won'],
    ['from before a restart, fired by another', {}, { beforeKnown: true }, 'fired'],
    ['from before the schedule was written', undefined, { beforeKnown: true }, 'fired'],
    ['from before the schedule was changed', { due: 0, schedule: '@daily' }, { beforeKnown: true }, 'fired'],
  ])('%s', async (_name, mark, more, expected) => {
    if (mark !== undefined) await stand(mark);
    expect((await replica().claim(due(more), noon)).kind).toBe(expected);
  });

  test('whose mark nobody can read is won by one', async () => {
    await store.write(key, '{"version":7', 0);
    expect((await replica().claim(due(), noon)).kind).toBe('won');
    expect((await replica().claim(due(), noon)).kind).toBe('fired');
  });

  test('cannot be had while the marks are away', async () => {
    store.away = true;
    expect((await replica().claim(due(), noon)).kind).toBe('doubt');
    store.away = false;
    expect((await replica().claim(due(), noon)).kind).toBe('won');
  });

  test.each(['made', 'nothing'] as const)(
    'is won once when the write was not answered (%s)',
    async (next) => {
      store.next = next;
      const [a, b] = [replica(), replica()];
      expect(await a.claim(due(), noon)).toMatchObject({ kind: 'won', mark: { due: noon } });
      expect((await b.claim(due(), noon)).kind).toBe('fired');
    },
  );

  test('that another won while a write was not answered is not won', async () => {
    const a = replica();
    store.next = 'nothing';
    const read = store.read.bind(store);
    let reads = 0;
    store.read = async (asked) => {
      reads += 1;
      if (reads === 2) await stand({ invocation: 'theirs' });
      return read(asked);
    };
    expect((await a.claim(due(), noon)).kind).toBe('fired');
  });

  test('carries how its run ended, unless the next one was claimed', async () => {
    const marks = replica();
    const first = await marks.claim(due(), noon);
    if (first.kind !== 'won') throw new Error(first.kind);
    await marks.settle(due(), first, { succeeded: false, code: 'X' });
    expect(JSON.parse(store.texts.get(key)?.text ?? '')).toMatchObject({ due: noon, result: { code: 'X' } });
    const next = await marks.claim(due({ at: noon + minute }), noon);
    await marks.settle(due(), first, { succeeded: true });
    expect(next.kind).toBe('won');
    expect(JSON.parse(store.texts.get(key)?.text ?? '')).not.toHaveProperty('result');
  });
});
