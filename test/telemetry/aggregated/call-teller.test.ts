/** What a watcher is told, in whatever order and pieces things become known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentKinds, phases as allPhases, type Phase } from '../../../contract/index.ts';
import { CallTeller } from '../../../telemetry/aggregated/call-teller.ts';
import type { NewCall } from '../../../telemetry/read/followed.ts';

const startMs = 1_795_000_000_000;
const all = { kinds: agentKinds, phases: [] };

function said(id: string, phase: Phase, createdMs = startMs + 1): NewCall {
  return { id, agent: 'TaskAgent/a', phase, createdMs: String(createdMs), seq: '', ingestId: '1' };
}

const changes = (teller: CallTeller, ...batch: readonly NewCall[]): readonly string[] =>
  teller.changes(batch).map(({ type, key }) => `${type} ${key.id} ${key.phase}`);

describe('a watcher', () => {
  test('is told what is new as added, then as modified, and no step back', () => {
    const teller = new CallTeller(all, startMs);
    expect(changes(teller, said('x', 'Dispatched'))).toEqual(['ADDED x Dispatched']);
    expect(changes(teller, said('x', 'Running'))).toEqual(['MODIFIED x Running']);
    expect(changes(teller, said('x', 'Failed'))).toEqual(['MODIFIED x Failed']);
    expect(changes(teller, said('x', 'Running'), said('x', 'Failed'))).toEqual([]);
  });

  test('is told of what came at once the furthest', () => {
    const teller = new CallTeller(all, startMs);
    expect(changes(teller, said('x', 'Succeeded'), said('y', 'Running'), said('x', 'Running'))).toEqual([
      'ADDED x Succeeded',
      'ADDED y Running',
    ]);
  });

  test('with a selector is told when a call no longer is like that, if it may have it', () => {
    const running = { ...all, phases: ['Running'] as const };
    const teller = new CallTeller(running, startMs);
    expect(changes(teller, said('x', 'Running'))).toEqual(['ADDED x Running']);
    expect(changes(teller, said('x', 'Failed'))).toEqual(['DELETED x Failed']);
    // It never had this one; that one may be in its list.
    expect(changes(teller, said('new', 'Failed'), said('old', 'Failed', startMs - 1))).toEqual([
      'DELETED old Failed',
    ]);
    const failed = new CallTeller({ ...all, phases: ['Failed'] }, startMs);
    expect(
      changes(failed, said('old', 'Failed', startMs - 1), said('other', 'Succeeded', startMs - 1)),
    ).toEqual(['ADDED old Failed']);
  });

  test('is told nothing again of what it was given at first', () => {
    const teller = new CallTeller(all, startMs);
    teller.gave({ agent: 'TaskAgent/a', id: 'x' }, 'Running');
    expect(changes(teller, said('x', 'Dispatched'), said('x', 'Running'))).toEqual([]);
    expect(changes(teller, said('x', 'Timeout'))).toEqual(['MODIFIED x Timeout']);
  });

  test('only of its times', () => {
    const teller = new CallTeller({ ...all, sinceMs: startMs + 10, untilMs: startMs + 20 }, startMs);
    expect(
      changes(
        teller,
        said('a', 'Running', startMs + 9),
        said('b', 'Running', startMs + 10),
        said('c', 'Running', startMs + 20),
      ),
    ).toEqual(['ADDED b Running']);
  });

  test('ends with each call as far as it came, however it became known', () => {
    const event = fc.record({ id: fc.constantFrom('x', 'y', 'z'), phase: fc.constantFrom(...allPhases) });
    fc.assert(
      fc.property(fc.array(fc.array(event, { maxLength: 6 }), { maxLength: 8 }), (batches) => {
        const teller = new CallTeller(all, startMs);
        const seen = new Map<string, number>();
        const stage = (phase: Phase): number => Math.min(allPhases.indexOf(phase), 3);
        for (const batch of batches) {
          for (const { type, key } of teller.changes(batch.map(({ id, phase }) => said(id, phase)))) {
            expect(type).toBe(seen.has(key.id) ? 'MODIFIED' : 'ADDED');
            expect(stage(key.phase)).toBeGreaterThan(seen.get(key.id) ?? -1);
            seen.set(key.id, stage(key.phase));
          }
        }
        for (const id of ['x', 'y', 'z']) {
          const stages = batches
            .flat()
            .filter((each) => each.id === id)
            .map(({ phase }) => stage(phase));
          expect(seen.get(id) ?? -1).toBe(Math.max(-1, ...stages));
        }
      }),
    );
  });
});
