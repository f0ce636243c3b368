/** What an end of a run means for the next start. */
import { describe, expect, test } from 'vitest';
import { newDaemonLease, type DaemonLease } from '../../../contract/index.ts';
import {
  afterEnd,
  lifeOf,
  waitMsOf,
  type DaemonTerms,
  type RunEnd,
} from '../../../worker/daemon/daemon-life.ts';

const terms: DaemonTerms = { revision: 'r', restartPolicy: 'Always', maxRestarts: 0, maxLifetimeMs: 0 };
const run = { id: 'i', by: 'b', worker: 'w', revision: 'r', startedAt: 0 };
const lease = (more: Partial<DaemonLease> = {}): DaemonLease => ({
  ...newDaemonLease,
  revision: 'r',
  run,
  ...more,
});
const end = (reason: RunEnd['reason'], upMs = 1_000): RunEnd => ({ reason, upMs });
const onFailure = { ...terms, restartPolicy: 'OnFailure' } as const;
const never = { ...terms, restartPolicy: 'Never' } as const;

describe('after an end', () => {
  test.each<[string, DaemonLease, Partial<DaemonLease>]>([
    [
      'a failure is followed by a start',
      afterEnd(lease(), end('NonZeroExit'), terms),
      { restarts: 1, failures: 1, over: false },
    ],
    [
      'so is a success',
      afterEnd(lease(), end('Completed'), terms),
      { restarts: 1, failures: 1, over: false },
    ],
    [
      'OnFailure: a success is not',
      afterEnd(lease(), end('Completed'), onFailure),
      { restarts: 0, over: true },
    ],
    ['OnFailure: a failure is', afterEnd(lease(), end('OOMKilled'), onFailure), { restarts: 1, over: false }],
    [
      'OnFailure: the end of a life is',
      afterEnd(lease(), end('MaxLifetime'), onFailure),
      { restarts: 1, over: false },
    ],
    ['Never: nothing is', afterEnd(lease(), end('NonZeroExit'), never), { restarts: 0, over: true }],
    ['Never: not even a hand-over', afterEnd(lease(), end('HandedOver'), never), { over: true }],
    ['Never: nor the loss of its worker', afterEnd(lease(), end('WorkerLost'), never), { over: true }],
    [
      'a hand-over is not counted',
      afterEnd(lease({ failures: 2 }), end('HandedOver'), terms),
      { restarts: 0, failures: 2 },
    ],
    ['nor is a lost worker', afterEnd(lease(), end('WorkerLost'), terms), { restarts: 0, failures: 0 }],
    [
      'a life as long as was asked for is no failure',
      afterEnd(lease({ failures: 3 }), end('MaxLifetime', 60_000), terms),
      { restarts: 1, failures: 0 },
    ],
    ['one that is very short waits', afterEnd(lease(), end('MaxLifetime', 1_000), terms), { failures: 1 }],
    [
      'a long run that went well is begun with anew',
      afterEnd(lease({ failures: 6 }), end('NonZeroExit', 600_000), terms),
      { failures: 1 },
    ],
    [
      'one that was not long is not',
      afterEnd(lease({ failures: 6 }), end('NonZeroExit', 599_999), terms),
      { failures: 7 },
    ],
    [
      'of as many restarts as may be it is over',
      afterEnd(lease({ restarts: 2 }), end('NonZeroExit'), { ...terms, maxRestarts: 2 }),
      { restarts: 2, over: true },
    ],
    [
      'of one less it is not',
      afterEnd(lease({ restarts: 1 }), end('NonZeroExit'), { ...terms, maxRestarts: 2 }),
      { restarts: 2, over: false },
    ],
    [
      'for another revision nothing follows',
      afterEnd(lease(), end('NonZeroExit'), { ...never, revision: 's' }),
      { restarts: 0, over: false },
    ],
  ])('%s', (_name, after, expected) => {
    expect(after).toMatchObject(expected);
    expect(after.run).toBeUndefined();
  });
});

test('what was written down and not begun leaves nothing behind, even where it must not start again', () => {
  const after = afterEnd(lease(), { ...end('Replaced', 0), isNotBegun: true }, never);
  expect(after).toEqual({ ...newDaemonLease, revision: 'r' });
});

test('the pause doubles from ten seconds to five minutes', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 100].map((failures) => waitMsOf(lease({ failures })) / 1_000);
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
});

test('a new revision begins anew, whoever holds it', () => {
  const before = lease({ restarts: 3, failures: 3, over: true, holder: { worker: 'w', id: 'x' } });
  expect(lifeOf(before, 's')).toEqual({ ...newDaemonLease, revision: 's', run, holder: before.holder });
  expect(lifeOf(before, 'r')).toBe(before);
});
