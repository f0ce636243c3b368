/** What becomes of an event over any history of runs that fail, cannot begin, or end with their ingress. Pure. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventTimes } from '../../contract/index.ts';
import {
  judgeEvent,
  judgeUnkept,
  readEnd,
  type EventEnd,
  type EventVerdict,
} from '../../ingress/event-verdict.ts';

test.each<[string, EventEnd['kind']]>([
  ['NO_READY_WORKER', 'notStarted'],
  ['AT_MAX_CONCURRENT', 'notStarted'],
  ['AT_CAPACITY', 'notStarted'],
  ['RECORDS_UNAVAILABLE', 'notStarted'],
  ['WORKER_LOST', 'failed'],
  ['INVOCATION_TIMEOUT', 'failed'],
  ['HTTP_500', 'failed'],
])('%s: %s', (code, kind) => {
  expect(readEnd(code).kind).toBe(kind);
});

interface Step {
  readonly end: EventEnd;
  readonly hours: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  end: fc.constantFrom<EventEnd>(
    { kind: 'failed', code: 'X' },
    { kind: 'notStarted', code: 'AT_CAPACITY' },
    { kind: 'stopping' },
  ),
  hours: fc.nat(3),
});

test('property: given up after so many failures, or after so long without a start, and never otherwise', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 20 }), (steps, most) => {
      let standing = { failures: 0, tries: 1, waitedMs: 0 };
      let failed = 0;
      for (const { end, hours } of steps) {
        const waitedMs = standing.waitedMs + hours * 3_600_000;
        standing = { ...standing, waitedMs };
        const verdict: EventVerdict = judgeEvent(standing, end, most);
        if (end.kind === 'failed') failed += 1;
        const isOver =
          (end.kind === 'failed' && failed >= most) ||
          (end.kind === 'notStarted' && waitedMs >= eventTimes.notStartedMs);
        expect(verdict.do === 'giveUp').toBe(isOver);
        if (isOver) return;
        // Stored anew when it is run again; else it waits where it is.
        if (verdict.do === 'retry') standing = { failures: verdict.failures, tries: 1, waitedMs: 0 };
        else standing = { ...standing, tries: standing.tries + 1 };
        expect(standing.failures).toBe(failed);
      }
    }),
  );
});

test('what could not be started is given up when it has waited too long, with why, and not a moment before', () => {
  const of = (waitedMs: number | undefined): EventVerdict =>
    judgeEvent({ failures: 1, tries: 3, waitedMs }, { kind: 'notStarted', code: 'AT_CAPACITY' }, 9);
  expect(of(eventTimes.notStartedMs)).toEqual({
    do: 'giveUp',
    failures: 1,
    reason: 'NOT_STARTED AT_CAPACITY',
  });
  expect([of(eventTimes.notStartedMs - 1).do, of(undefined).do]).toEqual(['again', 'again']);
});

test('what could not be started keeps its place for moments alone', () => {
  const end = { kind: 'notStarted', code: 'AT_CAPACITY' } as const;
  const waits = [1, 2, 3, 4, 1_000].map((tries) => judgeEvent({ failures: 0, tries, waitedMs: 0 }, end, 1));
  expect(waits.map((each) => each.do === 'again' && each.afterMs)).toEqual(
    [5, 10, 20, 30, 30].map((s) => s * 1_000),
  );
});

test('a failure there is no room for is not given up before its time', () => {
  const retry = { do: 'retry', failures: 2, afterMs: 30_000 } as const;
  const of = (waitedMs: number | undefined): string =>
    judgeUnkept({ failures: 1, tries: 50, waitedMs }, retry, 'X').do;
  expect([of(0), of(undefined), of(eventTimes.notStartedMs)]).toEqual(['again', 'again', 'giveUp']);
});
