/** One sandbox, several runs: what is whose, and what waits. */
import { expect, test } from 'vitest';
import { Occupancy } from '../../../worker/egress/occupancy.ts';
import type { Occupant } from '../../../worker/egress/occupant.ts';
import { slotAddress } from '../../../worker/network/slot-address.ts';

const run = (invocationId: string) => ({ invocationId, traceparent: '' });

function enter(waits = false): { readonly occupancy: Occupancy; readonly occupant: Occupant } {
  const occupancy = new Occupancy(() => 0);
  const occupant = occupancy.enter({
    sandboxId: 's',
    slot: slotAddress('r', 3),
    agent: { kind: 'DaemonAgent', namespace: 'd', name: 'a', uid: 'u' },
    agentId: 'DaemonAgent/d/a',
    revision: 'a-00001',
    waits,
  });
  return { occupancy, occupant };
}

test('has no run until one begins, and one at a time', () => {
  const { occupant } = enter();
  expect(occupant.run).toBeUndefined();
  occupant.begin(run('one'));
  expect(() => occupant.begin(run('two'))).toThrow();
  occupant.end();
  expect(occupant.run).toBeUndefined();
  expect(occupant.begin(run('two')).invocationId).toBe('two');
});

test('what waits for a run gets the next one; when the sandbox leaves there is none', async () => {
  const { occupancy, occupant } = enter();
  const waits = occupant.nextRun();
  const begun = occupant.begin(run('one'));
  expect(await waits).toBe(begun);
  expect(await occupant.nextRun()).toBe(begun);
  occupant.end();
  const inVain = occupant.nextRun();
  occupancy.leave(occupant);
  expect(await inVain).toBeUndefined();
  expect(await occupant.nextRun()).toBeUndefined();
  expect(() => occupant.begin(run('late'))).toThrow();
});

test('a slot is nobody’s after its occupant has left, who is remembered once with its last run', () => {
  const { occupancy, occupant } = enter();
  const { sandboxIp, index } = occupant.slot;
  const begun = occupant.begin(run('one'));
  expect(occupancy.byIp(sandboxIp)).toBe(occupant);
  occupancy.leave(occupant);
  expect(occupancy.byIp(sandboxIp)).toBeUndefined();
  expect(occupancy.takeDeparted(index)?.lastRun).toBe(begun);
  expect(occupancy.takeDeparted(index)).toBeUndefined();
});

test('what is given up waits no longer, and leaves its place', async () => {
  const { occupant } = enter();
  const patience = Array.from({ length: 64 }, () => new AbortController());
  const waiting = patience.map(({ signal }) => occupant.nextRun(signal));
  expect(await occupant.nextRun()).toBeUndefined();
  for (const each of patience) each.abort();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => undefined));
  const waits = occupant.nextRun();
  expect(await Promise.race([waits, Promise.resolve('it waits')])).toBe('it waits');
  occupant.begin(run('one'));
  expect(await waits).toBe(occupant.run);
});

test('a run that has ended says so', () => {
  const { occupant } = enter();
  const begun = occupant.begin(run('one'));
  expect(begun.ended).toBe(false);
  occupant.end();
  expect(begun.ended).toBe(true);
});

test('what the wall refused to one that waited is charged to no run', () => {
  const { occupancy, occupant } = enter(true);
  occupant.begin(run('one'));
  expect(occupant.lastRun).toBeUndefined();
  occupancy.leave(occupant);
  expect(occupancy.takeDeparted(3)?.lastRun).toBeUndefined();
});
