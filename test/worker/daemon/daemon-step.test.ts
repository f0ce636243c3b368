/** What is next, in the moments that matter. */
import { describe, expect, test } from 'vitest';
import { newDaemonLease, type DaemonLease } from '../../../contract/index.ts';
import {
  initialState,
  observe,
  type DaemonEvent,
  type DaemonState,
} from '../../../worker/daemon/daemon-state.ts';
import { compute } from '../../../worker/daemon/daemon-step.ts';
import { want } from './lease-bed.ts';

const me = { worker: 'w', id: 'me' };
const other = { worker: 'v', id: 'other' };
const run = { id: 'i', by: 'me', worker: 'w', revision: 'r1', startedAt: 1 };
const next = (state: DaemonState, now: number) => compute(state, { now, unixMs: 1, newId: 'i' });
const after = (now: number, ...events: readonly DaemonEvent[]): DaemonState =>
  events.reduce((state, event) => observe(state, event, now), initialState(me, want(), 0));
const readOf = (lease: DaemonLease | undefined, sequence = 7): DaemonEvent => ({
  kind: 'read',
  answer: lease === undefined ? { sequence: 0 } : { text: JSON.stringify(lease), sequence },
});
const written = (lease: DaemonLease, sentAt: number): DaemonEvent => ({
  ...{ kind: 'written', lease, sentAt, answer: { kind: 'written', sequence: 8 } },
});
const held = { ...newDaemonLease, revision: 'r1', holder: me, run };
const running = (): DaemonState =>
  after(0, written(held, 0), { kind: 'starting', run, planKey: 'r1' }, { kind: 'started' });

describe('who may take it', () => {
  test.each<[string, DaemonLease | undefined, number, string]>([
    ['nobody has it: at once', newDaemonLease, 1, 'write'],
    [
      'its own predecessor has it: at once',
      { ...newDaemonLease, holder: { ...me, id: 'before' } },
      1,
      'write',
    ],
    ['another has it: not yet', { ...newDaemonLease, holder: other }, 29_999, 'read'],
    [
      'another had it, and was silent for half a minute',
      { ...newDaemonLease, holder: other },
      30_000,
      'write',
    ],
    ['there is no record: as if another had it', undefined, 29_999, 'read'],
    ['nor is there one after half a minute', undefined, 30_000, 'write'],
    ['it is over', { ...newDaemonLease, revision: 'r1', over: true }, 30_000, 'read'],
  ])('%s', (_name, lease, now, kind) => {
    expect(next(after(0, readOf(lease)), now).kind).toBe(kind);
  });

  test('a word seen once more is no new word, and a new word begins the wait anew', () => {
    const state = after(0, readOf({ ...newDaemonLease, holder: other }));
    const again = observe(state, readOf({ ...newDaemonLease, holder: other }), 20_000);
    expect(next(again, 30_000).kind).toBe('write');
    const renewed = observe(state, readOf({ ...newDaemonLease, holder: other }, 9), 20_000);
    expect(next(renewed, 49_999).kind).toBe('read');
    // The same number of a server that lost its disk is another word.
    const reborn = observe(state, readOf({ ...newDaemonLease, failures: 1, holder: other }), 20_000);
    expect(next(reborn, 49_999).kind).toBe('read');
  });
});

describe('who has it', () => {
  test('ends its instance when nobody answered for twenty seconds, counted from when it asked', () => {
    expect(next(running(), 19_999)).toMatchObject({ kind: 'write' });
    expect(next(running(), 20_000)).toEqual({ kind: 'stop', how: 'now', reason: 'LeaseLost' });
    const late = observe(running(), written(held, 4_000), 23_000);
    expect(next(late, 24_000)).toMatchObject({ kind: 'stop', reason: 'LeaseLost' });
  });

  test('does so too while a question is under way', () => {
    expect(next(observe(running(), { kind: 'asked' }, 19_000), 20_000)).toMatchObject({
      reason: 'LeaseLost',
    });
  });

  test('ends it at once when it reads that somebody else has it', () => {
    const taken = observe(running(), readOf({ ...held, holder: other }, 9), 1_000);
    expect(next(taken, 1_000)).toEqual({ kind: 'stop', how: 'now', reason: 'LeaseLost' });
  });

  test('has no longer for having read that it has it', () => {
    expect(next(observe(running(), readOf(held, 9), 15_000), 20_000)).toMatchObject({ reason: 'LeaseLost' });
  });

  test('looks up what a write came to before it writes again', () => {
    const doubtful = observe(
      running(),
      { kind: 'written', lease: held, sentAt: 5_000, answer: { kind: 'unknown' } },
      7_000,
    );
    expect(next(doubtful, 8_000)).toEqual({ kind: 'read' });
  });

  test('tells of a run that a lost worker left, before anything of its own', () => {
    const theirs = { ...run, by: 'other', worker: 'v' };
    const state = after(0, written({ ...newDaemonLease, revision: 'r1', holder: me, run: theirs }, 0));
    expect(next(state, 1)).toMatchObject({ kind: 'write', lost: theirs, lease: { restarts: 0 } });
  });

  test('starts no run a second time whose end was left to another that went before it told', () => {
    const lost: readonly DaemonEvent[] = [
      { kind: 'ended', end: { reason: 'LeaseLost', upMs: 5 } },
      readOf({ ...held, holder: other }, 9),
    ];
    const left = lost.reduce((state, event) => observe(state, event, 40_000), running());
    const mine = observe(left, written(held, 80_000), 80_000);
    expect(next(mine, 80_001)).toMatchObject({
      ...{ kind: 'write', lease: { lastEnd: { reason: 'LeaseLost' } } },
    });
    expect(next(mine, 80_001)).not.toHaveProperty('lease.run');
  });

  test('starts what it has written down, and nothing else', () => {
    expect(next(after(0, written({ ...newDaemonLease, revision: 'r1', holder: me }, 0)), 1)).toMatchObject({
      ...{ kind: 'write', lease: { run: { id: 'i', by: 'me' } } },
    });
    expect(next(after(0, written(held, 0)), 1)).toMatchObject({ kind: 'start', run });
  });

  test('lets go of what it cannot run, and ends what is to stop', () => {
    const unfit = observe(
      after(0, written(held, 0)),
      { kind: 'want', want: { ...want(), planKey: undefined } as never },
      1,
    );
    const action = next(unfit, 1);
    expect(action.kind === 'write' && action.lease.holder).toBeUndefined();
    const stopping = observe(running(), { kind: 'want', want: want('r1', { stop: 'Contained' }) }, 1);
    expect(next(stopping, 1)).toEqual({ kind: 'stop', how: 'gently', reason: 'Contained' });
    expect(next(observe(running(), { kind: 'want', want: want('r2') }, 1), 1)).toMatchObject({
      reason: 'Replaced',
    });
  });
});
