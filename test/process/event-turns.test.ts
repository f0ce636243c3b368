/** Whose event is published next, and what of one invocation waits for what. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Invocation } from '../../contract/index.ts';
import { EventTurns } from '../../process/event-turns.ts';
import { invocation } from '../telemetry/invocation-fixture.ts';

function event(
  namespace: string,
  agent: string,
  id: string,
  phase: Invocation['status']['phase'] = 'Dispatched',
): Invocation {
  const made = invocation(id, { phase });
  const parentRef = { ...made.spec.parentRef, name: agent, uid: `${namespace}-${agent}` };
  return { ...made, metadata: { ...made.metadata, namespace }, spec: { ...made.spec, parentRef } };
}

/** A sink that is told when each is over. */
class Sink {
  readonly turns: EventTurns;
  readonly under: Array<readonly [Invocation, () => void]> = [];

  constructor(most: number) {
    this.turns = new EventTurns(most);
  }

  add(...events: readonly Invocation[]): void {
    for (const each of events) this.turns.add({ event: each });
  }

  /** Names of those that were given out this time. */
  go(): string[] {
    const names: string[] = [];
    this.turns.go(({ event: each }, done) => {
      this.under.push([each, done]);
      names.push(`${each.metadata.namespace}/${each.metadata.name}`);
    });
    return names;
  }

  end(): void {
    this.under.shift()?.[1]();
  }
}

const many = (namespace: string, agent: string, count: number): Invocation[] =>
  Array.from({ length: count }, (_, index) => event(namespace, agent, `${agent}${index}`));

describe('events that wait', () => {
  test('of a namespace with thousands and of one with two are given out by turns', () => {
    const sink = new Sink(6);
    sink.add(...many('big', 'a', 2_000), ...many('small', 'b', 2));
    expect(sink.go().slice(0, 5)).toEqual(['big/a0', 'small/b0', 'big/a1', 'small/b1', 'big/a2']);
  });

  test('agents of one namespace have turns in it', () => {
    const sink = new Sink(6);
    sink.add(...many('n', 'a', 500), ...many('n', 'b', 1));
    expect(sink.go().slice(0, 3)).toEqual(['n/a0', 'n/b0', 'n/a1']);
  });

  test('one namespace that is slow leaves places to others; alone it has many of them', () => {
    const sink = new Sink(64);
    sink.add(...many('slow', 'a', 2_000));
    const taken = sink.go().length;
    expect(taken).toBeGreaterThan(24);
    expect(taken).toBeLessThan(64);
    sink.add(...many('honest', 'b', 4));
    expect(sink.go()).toEqual(['honest/b0', 'honest/b1', 'honest/b2', 'honest/b3']);
  });

  test('of one invocation one is under way at a time, in order; another overtakes it', () => {
    const sink = new Sink(8);
    sink.add(
      event('n', 'a', 'one', 'Dispatched'),
      event('n', 'a', 'one', 'Succeeded'),
      event('n', 'a', 'two'),
    );
    expect(sink.go()).toEqual(['n/one', 'n/two']);
    sink.end();
    expect(sink.go()).toEqual(['n/one']);
    expect(sink.under.map(([each]) => each.status.phase)).toEqual(['Dispatched', 'Succeeded']);
  });

  test('property: each is given out once, in the order of its invocation, never more at once than there are places', () => {
    const step = fc.record({ ns: fc.nat(2), agent: fc.nat(1), id: fc.nat(3), what: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const sink = new Sink(6);
        const put = new Map<string, number>();
        const got = new Map<string, number>();
        const began: Array<readonly [string, number]> = [];
        const numbers = new Map<Invocation, number>();
        const keyOf = (each: Invocation): string => `${each.metadata.namespace} ${each.metadata.name}`;
        const go = (): void => {
          const before = sink.under.length;
          sink.go();
          for (const [each] of sink.under.slice(before)) began.push([keyOf(each), numbers.get(each) ?? -1]);
        };
        for (const { ns, agent, id, what } of steps) {
          if (what === 0) sink.end();
          if (what === 1) go();
          const each = event(`n${ns}`, `a${agent}`, `a${agent}-${id}`);
          numbers.set(each, put.get(keyOf(each)) ?? 0);
          put.set(keyOf(each), (put.get(keyOf(each)) ?? 0) + 1);
          sink.add(each);
          const under = sink.under.map(([one]) => keyOf(one));
          expect(new Set(under).size).toBe(under.length);
          expect(under.length).toBeLessThanOrEqual(6);
          expect(sink.turns.underWay).toBe(under.length);
        }
        while (sink.turns.waiting + sink.under.length > 0) {
          go();
          sink.end();
        }
        for (const [key, number] of began) {
          expect(number).toBe(got.get(key) ?? 0);
          got.set(key, number + 1);
        }
        expect(got).toEqual(put);
        expect([sink.turns.waiting, sink.turns.underWay]).toEqual([0, 0]);
      }),
    );
  });
});
