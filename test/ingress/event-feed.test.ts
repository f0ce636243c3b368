/** What a trigger costs while nothing of it can be run: its agent has no worker. */
import { expect, test } from 'vitest';
import { EventFeed } from '../../ingress/event-feed.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { agent } from './ingress-bed.ts';

test('a trigger whose agent could not be called is looked at ever less often, and heard within seconds once it can', async () => {
  const rests: number[] = [];
  let looks = 0;
  let asked = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const feed = new EventFeed({
    source: {
      next: () => {
        asked();
        return new Promise(() => undefined);
      },
      publish: () => Promise.resolve('taken'),
      retry: () => Promise.resolve(true),
      nextRetry: () => new Promise(() => undefined),
      bury: () => Promise.resolve(true),
    },
    isAdmissible: () => (looks += 1) > 30,
    rest: (ms) => {
      rests.push(ms);
      return Promise.resolve();
    },
    monotonicMs: () => 0,
    timeMs: () => Promise.resolve(0),
    fire: () => Promise.resolve({ succeeded: true }),
    log: silentLog,
  });
  feed.configure([{ ...agent, triggers: [{ subject: 'a', maxDeliver: 5 }] }]);
  await isAsked;
  expect(rests.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
  expect(rests.slice(4)).toEqual(Array(26).fill(2_000));
  feed.stop();
});
