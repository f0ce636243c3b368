/** One delivery of an event: when it is done with, when it comes again, when it is given up, and who may run it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventTimes, type ScheduleResult } from '../../contract/index.ts';
import { deliver, type DeliveryEnd } from '../../ingress/event-delivery.ts';
import type { DeadMessage, Delivery } from '../../ingress/event-source.ts';
import { agent } from './ingress-bed.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Scene {
  readonly result?: ScheduleResult | Promise<ScheduleResult>;
  readonly failures?: number;
  readonly tries?: number;
  readonly waitedMs?: number;
  readonly keepable?: boolean;
  readonly renewed?: () => boolean;
  readonly doneHeard?: boolean;
  readonly buryable?: boolean;
  readonly stopping?: boolean;
  readonly place?: (lost: AbortSignal) => Promise<(() => void) | undefined>;
}

class Telling {
  readonly said: string[] = [];
  readonly buried: DeadMessage[] = [];
  fired = 0;
  gone = false;
  freed = 0;

  run(scene: Scene): Promise<DeliveryEnd> {
    const {
      result = { succeeded: true },
      failures = 0,
      tries = 1,
      renewed = () => true,
      doneHeard = true,
    } = scene;
    const say = (word: string, heard: boolean): Promise<boolean> => {
      this.said.push(word);
      return Promise.resolve(heard);
    };
    const delivery: Delivery = {
      ...{
        subject: 'orders.new',
        headers: { 'ce-id': 'e' },
        data: Buffer.from('x'),
        id: 'CLRK-1',
        deliveries: failures + tries,
        ...{ failures, tries, storedAt: 0 },
      },
      renew: () => Promise.resolve(renewed()),
      done: () => say('done', doneHeard),
      again: (ms) => say(`again ${ms}`, true),
    };
    const source = {
      next: () => Promise.resolve('none' as const),
      publish: () => Promise.resolve('taken' as const),
      nextRetry: () => Promise.resolve('none' as const),
      retry: (_trigger: object, _delivery: object, told: { failures: number; delayMs: number }) => {
        if (scene.keepable === false) return Promise.resolve(false);
        return say(`retry ${told.failures} ${told.delayMs}`, true);
      },
      bury: (dead: DeadMessage) => Promise.resolve((scene.buryable ?? true) && this.buried.push(dead) > 0),
    };
    return deliver(
      {
        source,
        monotonicMs: () => Date.now(),
        timeMs: () => Promise.resolve('waitedMs' in scene ? scene.waitedMs : 0),
        isStopping: () => scene.stopping ?? false,
        fire: async (call) => {
          this.fired += 1;
          call.answer.onGone(() => (this.gone = true));
          return await result;
        },
      },
      { delivery, agent, trigger: { subject: 'orders.*', maxDeliver: 3 } },
      scene.place ?? (() => Promise.resolve(() => void (this.freed += 1))),
    );
  }
}

type Outcome = [DeliveryEnd, string[], number];
const failed = (code: string): ScheduleResult => ({ succeeded: false, code });

describe('a delivery', () => {
  test.each<[string, Scene, DeliveryEnd, string[], number]>([
    ['that ran well is done with', {}, 'done', ['done'], 0],
    ['whose end nobody heard may come again', { doneHeard: false }, 'lost', ['done'], 0],
    ['that failed comes again, apart', { result: failed('X') }, 'retry', ['retry 1 5000', 'done'], 0],
    [
      'that failed twice comes later',
      { result: failed('X'), failures: 1 },
      ...(['retry', ['retry 2 30000', 'done'], 0] as const satisfies Outcome),
    ],
    [
      'that failed for the last time is given up',
      { result: failed('X'), failures: 2 },
      'buried',
      ['done'],
      1,
    ],
    ['after the last', { result: failed('X'), failures: 9 }, 'buried', ['done'], 1],
    [
      'that failed and has no room apart keeps its place',
      { result: failed('X'), failures: 1, keepable: false },
      ...(['again', ['again 30000'], 0] as const satisfies Outcome),
    ],
    [
      'that cannot be given up is kept',
      { result: failed('X'), failures: 2, buryable: false },
      ...(['again', ['again 120000'], 0] as const satisfies Outcome),
    ],
    [
      'that did not run does not count',
      { result: failed('AT_MAX_CONCURRENT'), failures: 2 },
      ...(['again', ['again 5000'], 0] as const satisfies Outcome),
    ],
    [
      'that no worker took does not count, however often, and is asked again less often',
      { result: failed('AT_CAPACITY'), failures: 2, tries: 99 },
      ...(['again', ['again 30000'], 0] as const satisfies Outcome),
    ],
    [
      'that could not be started for very long is given up, and says so',
      { result: failed('AT_CAPACITY'), waitedMs: eventTimes.notStartedMs },
      ...(['buried', ['done'], 1] as const satisfies Outcome),
    ],
    [
      'of which nobody knows how long it waits is kept',
      { result: failed('AT_CAPACITY'), waitedMs: undefined as never },
      ...(['again', ['again 5000'], 0] as const satisfies Outcome),
    ],
    [
      'of an ingress that ends is another’s at once',
      { result: failed('X'), failures: 9, stopping: true },
      ...(['again', ['again 0'], 0] as const satisfies Outcome),
    ],
  ])('%s', async (_name, scene, end, said, buried) => {
    const telling = new Telling();
    expect(await telling.run(scene)).toBe(end);
    expect(telling.said).toEqual(said);
    expect(telling.buried).toHaveLength(buried);
    expect(telling.freed).toBe(1);
  });

  test('that is given up says why', async () => {
    const telling = new Telling();
    await telling.run({ result: failed('NON_ZERO_EXIT'), failures: 2, tries: 4 });
    expect(telling.buried[0]).toMatchObject({
      ...{ namespace: 'shop', agent: 'hello', subject: 'orders.new', reason: 'NON_ZERO_EXIT' },
      ...{ failures: 3, deliveries: 6 },
      headers: { 'ce-id': 'e' },
    });
  });

  test('that nobody answers for is not run', async () => {
    const telling = new Telling();
    expect(await telling.run({ renewed: () => false })).toBe('lost');
    expect(telling.fired).toBe(0);
  });

  test('that waits in vain for a place is left', async () => {
    const telling = new Telling();
    expect(await telling.run({ place: () => Promise.resolve(undefined) })).toBe('lost');
    expect([telling.fired, telling.said]).toEqual([0, []]);
  });

  test('that NATS no longer hears of ends before another may begin it, and nothing is said of it', async () => {
    let heard = true;
    let end: (result: ScheduleResult) => void = () => undefined;
    const result = new Promise<ScheduleResult>((resolve) => (end = resolve));
    const telling = new Telling();
    const running = telling.run({ result, renewed: () => heard });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(telling.gone).toBe(false);
    heard = false;
    await vi.advanceTimersByTimeAsync(eventTimes.ackWaitMs - eventTimes.renewMs);
    expect(telling.gone).toBe(true);
    end({ succeeded: true });
    expect(await running).toBe('lost');
    expect(telling.said).toEqual([]);
  });
});
