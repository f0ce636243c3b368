/** What is done later, and sooner where the room it holds is wanted. Its own timers never come here: time is what the test says. */
import { describe, expect, test } from 'vitest';
import type { AgentRef } from '../../contract/index.ts';
import { Postponed } from '../../ingress/postponed.ts';
import { EventOutbox } from '../../process/index.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { invocation } from '../telemetry/invocation-fixture.ts';

const when = { ms: 15_000, leastMs: 2_000 };

function world() {
  const clock = { ms: 0 };
  const postponed = new Postponed(() => clock.ms);
  const done: string[] = [];
  const add = (group: string, name: string): void => postponed.add(group, when, () => done.push(name));
  return { clock, postponed, done, add };
}

describe('what is postponed', () => {
  test('the oldest two of a group are done when it hurries, never before their time', () => {
    const { clock, postponed, done, add } = world();
    for (const name of ['a', 'b', 'c']) add('shop', name);
    add('other', 'x');
    clock.ms = 1_999;
    postponed.hurry('shop');
    expect(done).toEqual([]);
    clock.ms = 2_000;
    add('shop', 'd');
    postponed.hurry('shop');
    expect(done).toEqual(['a', 'b']);
    postponed.hurry('shop');
    expect(done).toEqual(['a', 'b', 'c']);
    postponed.hurry('nobody');
    postponed.runAll();
    expect(done).toEqual(['a', 'b', 'c', 'd', 'x']);
    postponed.runAll();
    expect(done).toHaveLength(5);
  });
});

test.each([
  ['one agent', (): string => 'busy'],
  ['a namespace of many agents', (call: number): string => `busy-${call % 200}`],
])(
  'S54: %s is called 1,000 times a second for a minute, and no record wants for room',
  async (_title, name) => {
    const { clock, postponed } = world();
    const outbox = new EventOutbox({
      ...{ writer: { role: 'ingress' }, log: silentLog },
      publish: () => Promise.resolve({ duplicate: false }),
    });
    let refused = 0;
    for (; clock.ms < 60_000; clock.ms += 1) {
      const agent: AgentRef = { kind: 'TaskAgent', namespace: 'shop', name: name(clock.ms) };
      if (outbox.isTight(agent)) postponed.hurry('shop');
      const room = outbox.reserve(2, agent);
      if (room === undefined) refused += 1;
      const event = invocation(String(clock.ms), { phase: 'Dispatched' });
      room?.put(event);
      postponed.add('shop', when, () => {
        room?.put(event);
        room?.release();
      });
      await Promise.resolve();
    }
    expect(refused).toBe(0);
    postponed.runAll();
    expect(await outbox.flush(5_000)).toBe(true);
    await outbox[Symbol.asyncDispose]();
  },
);
