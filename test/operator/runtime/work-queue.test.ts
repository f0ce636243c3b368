import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, WorkQueue } from '../../../operator/runtime/index.ts';

describe('WorkQueue', () => {
  it('hands out a key once however often it was added, in order', () => {
    const queue = new WorkQueue();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key, 1);
    expect([queue.take(2)?.key, queue.take(2)?.key, queue.take(2)]).toEqual(['a', 'b', undefined]);
  });

  it('brings a key back when it was added during its work, and only then', () => {
    const queue = new WorkQueue();
    queue.add('a', 0);
    queue.take(0);
    queue.add('a', 1);
    expect(queue.take(1)).toBeUndefined();
    queue.done('a', 2);
    expect(queue.take(2)).toEqual({ key: 'a', readyAt: 2 });
    queue.done('a', 3);
    expect(queue.take(3)).toBeUndefined();
  });

  it('keeps the earliest of several delays and lets a plain add overtake them', () => {
    const queue = new WorkQueue();
    queue.addAt('a', 100);
    queue.addAt('a', 50);
    queue.addAt('a', 70);
    expect(queue.nextAt).toBe(50);
    expect(queue.take(49)).toBeUndefined();
    queue.add('a', 10);
    expect(queue.take(10)?.key).toBe('a');
    expect(queue.nextAt).toBeUndefined();
  });

  it('backs off from 5 ms, doubling, to 1000 s, and starts over after a success', () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 30 }, () => backoff.next('a'));
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.at(-1)).toBe(1_000_000);
    backoff.forget('a');
    expect(backoff.next('a')).toBe(5);
  });

  it('holds hundreds of thousands of waiting keys, in the order they are due, however often they moved', () => {
    const queue = new WorkQueue();
    const count = 220_000;
    for (let index = 0; index < count; index += 1)
      queue.addAt(`k${index}`, 1_000_000 + ((index * 7_919) % count));
    for (let at = 999_999; at > 980_000; at -= 1) queue.addAt('moves', at);
    expect(queue.nextAt).toBe(980_001);
    expect(queue.take(980_001)?.key).toBe('moves');
    queue.done('moves', 980_001);
    let taken = 0;
    for (let at = queue.nextAt; at !== undefined; at = queue.nextAt) {
      expect(at).toBeGreaterThanOrEqual(1_000_000 + taken);
      const { key = '' } = queue.take(at) ?? {};
      queue.done(key, at);
      taken += 1;
    }
    expect(taken).toBe(count);
  });

  it('never works on one key twice at once and never loses an add', () => {
    const action = fc.record({
      kind: fc.constantFrom('add', 'later', 'take', 'done'),
      key: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const queue = new WorkQueue();
        const working = new Set<string>();
        const wanted = new Set<string>();
        let now = 0;
        for (const { kind, key: number } of actions) {
          now += 1;
          const key = String(number);
          if (kind === 'add') queue.add(key, now);
          if (kind === 'later') queue.addAt(key, now + 3);
          if (kind === 'add' || kind === 'later') wanted.add(key);
          if (kind === 'done' && working.delete(key)) queue.done(key, now);
          if (kind !== 'take') continue;
          const item = queue.take(now);
          if (item === undefined) continue;
          expect(working.has(item.key)).toBe(false);
          working.add(item.key);
          wanted.delete(item.key);
        }
        // Finish everything: each wanted key must still come out.
        for (const key of working) queue.done(key, now);
        for (let item = queue.take(now + 100); item !== undefined; item = queue.take(now + 100)) {
          wanted.delete(item.key);
          queue.done(item.key, now + 100);
        }
        expect([...wanted]).toEqual([]);
        expect(queue.idle && queue.depth === 0 && queue.nextAt === undefined).toBe(true);
      }),
    );
  });
});
