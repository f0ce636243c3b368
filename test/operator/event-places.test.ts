/** Places of events in a real NATS: made where they are missing, left alone where they stand, each namespace by itself. */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventBounds } from '../../contract/index.ts';
import { EventPlaces } from '../../operator/nats-events.ts';
import { connectNats, ensureEvents, type WantedTrigger } from '../../process/index.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';

const nats = new TestNats();
let operator: NatsConnection;

beforeAll(async () => {
  await nats.start();
  operator = await connectNats(nats.accessOf({ role: 'operator' }), { name: randomUUID(), log: silentLog });
}, 60_000);
afterAll(async () => {
  await operator.close();
  await nats[Symbol.asyncDispose]();
});

const triggers = (count: number, maxConcurrent = 0): WantedTrigger[] =>
  Array.from({ length: count }, (_, index) => ({ uid: `u${index}`, subject: 'orders.*', maxConcurrent }));

/** The connection, with what it is asked; `refuses`: subjects that fail. */
function watched(asked: string[], refuses = (_subject: string): boolean => false): NatsConnection {
  return new Proxy(operator, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'request') return (value as () => unknown).bind(target);
      return (...call: Parameters<NatsConnection['request']>): Promise<unknown> => {
        asked.push(call[0]);
        return refuses(call[0]) ? Promise.reject(new Error('no room')) : target.request(...call);
      };
    },
  });
}
const made = (asked: readonly string[]): number =>
  asked.filter((each) => each.includes('CONSUMER.CREATE.CLRK_EVENTS_')).length;

test('consumers that stand as they should are left alone; one that is wanted otherwise is changed', async () => {
  const asked: string[] = [];
  const connection = watched(asked);
  await ensureEvents(connection, 'shop', triggers(20));
  expect(made(asked.splice(0))).toBe(20);
  await ensureEvents(connection, 'shop', triggers(20));
  expect(made(asked.splice(0))).toBe(0);
  await ensureEvents(connection, 'shop', [...triggers(19), ...triggers(20, 3).slice(19)]);
  expect(made(asked)).toBe(1);
});

test('a namespace that hears as many as it may says so; another does not', async () => {
  const places = new EventPlaces();
  await places.keep(operator, 'full', triggers(eventBounds.namespaceTriggers));
  await places.keep(operator, 'few', triggers(1));
  expect(['full', 'few', 'unknown'].map((namespace) => places.isFull(namespace))).toEqual([
    true,
    false,
    false,
  ]);
}, 60_000);

test('when NATS comes back, a namespace whose place cannot be made keeps no other from its own', async () => {
  const places = new EventPlaces();
  const [stop, asked] = [new AbortController(), [] as string[]];
  await places.keep(operator, 'bad', triggers(1));
  await places.keep(operator, 'good', triggers(2));
  const connection = watched(asked, (subject) => subject.includes('CLRK_EVENTS_bad'));
  await places.again({ connection, log: silentLog, signal: stop.signal });
  expect(places.isKept('good', 'u0', 'orders.*')).toBe(true);
  expect(places.isKept('bad', 'u0', 'orders.*')).toBe(false);
  stop.abort();
});
