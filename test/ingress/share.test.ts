/** Places that are shared: nobody's share keeps another out, and every place comes back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits as bounds } from '../../ingress/limits.ts';
import { KeptBytes, Shares, type Place, type Taker } from '../../ingress/share.ts';

const limits = { total: 6, namespace: 4, agent: 2, peer: 3 };
const taker = (namespace: string, agent: string, peer: string): Taker => ({ namespace, agent, peer });
const honest = taker('good', 'b', 'p9');
const never = new AbortController().signal;

describe('a share', () => {
  test.each([
    ['agent', (index: number) => taker('evil', 'a', `p${index}`), 2],
    ['peer', (index: number) => taker(`n${index}`, `a${index}`, 'p1'), 3],
    ['namespace', (index: number) => taker('evil', `a${index}`, `p${index}`), 4],
  ])('of one %s is all it gets; the honest one gets in', (_kind, hostile, most) => {
    const shares = new Shares(limits);
    const got = Array.from({ length: 50 }, (_, index) => shares.take(hostile(index)));
    expect(got.filter((place) => place !== undefined)).toHaveLength(most);
    expect(shares.take(honest)).toBeDefined();
  });

  test('that waits gets a place in turn, past those whose own share is full, and none when it has left', async () => {
    const shares = new Shares(limits);
    const mine = taker('n', 'a', 'p');
    const first = shares.take(mine);
    const second = shares.take(mine);
    const leaving = new AbortController();
    const gone = shares.wait(mine, leaving.signal);
    const waits = shares.wait(mine, never);
    leaving.abort();
    expect(await gone).toBeUndefined();
    expect(await shares.wait(honest, never)).toBeDefined();
    first?.();
    first?.();
    expect(await waits).toBeDefined();
    second?.();
    expect(shares.taken).toBe(2);
  });

  test('is first come, first served, whoever they are', async () => {
    const shares = new Shares(limits);
    const held = ['c', 'c', 'd', 'a'].map((agent) => shares.take(taker('n', agent, agent)));
    const order: string[] = [];
    const come = [
      ['b', 'p1'],
      ['a', 'p2'],
      ['b', 'p3'],
      ['a', 'p1'],
    ] as const;
    for (const [agent, name] of come) {
      void shares.wait(taker('n', agent, name), never).then(() => order.push(`${agent} ${name}`));
    }
    for (const place of held) {
      place?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(order).toEqual(['b p1', 'a p2', 'b p3', 'a p1']);
  });

  test('S54: thousands of one tenant who wait are passed over in one step when others give back', () => {
    const shares = new Shares(limits);
    let looked = 0;
    const evil = (index: number): Taker => ({
      ...{ namespace: 'evil', peer: `p${index}` },
      get agent() {
        looked += 1;
        return `a${index}`;
      },
    });
    for (let index = 0; index < 4; index += 1) shares.take(evil(index));
    for (let index = 0; index < 4_000; index += 1) void shares.wait(evil(index), never);
    looked = 0;
    for (let index = 0; index < 100; index += 1) shares.take(honest)?.();
    expect(looked).toBe(0);
  });

  test('holds whatever is taken, waited for, given back and left', async () => {
    const step = fc.record({
      who: fc.integer({ min: 0, max: 4 }),
      what: fc.constantFrom('take', 'wait', 'give', 'leave'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const shares = new Shares(limits);
        const held: Place[] = [];
        const leaving: AbortController[] = [];
        let waiting = 0;
        for (const { who, what } of steps) {
          const asks = taker(`n${who % 2}`, `a${who % 3}`, `p${who}`);
          if (what === 'take') held.push(...[shares.take(asks) ?? []].flat());
          if (what === 'give') held.shift()?.();
          if (what === 'leave') leaving.shift()?.abort();
          if (what === 'wait') {
            const controller = new AbortController();
            leaving.push(controller);
            waiting += 1;
            void shares.wait(asks, controller.signal).then((place) => {
              waiting -= 1;
              if (place !== undefined) held.push(place);
            });
          }
          await Promise.resolve();
          expect(shares.taken).toBeLessThanOrEqual(limits.total);
        }
        for (const controller of leaving) controller.abort();
        await new Promise((resolve) => setImmediate(resolve));
        expect(waiting).toBe(0);
        for (const place of held) place();
        expect(shares.taken).toBe(0);
      }),
    );
  });
});

test('deferred: one tenant behind a proxy leaves room there for another', () => {
  const shares = new Shares(bounds.deferred);
  for (let index = 0; index < 500; index += 1) shares.take(taker('evil', `a${index}`, 'proxy'));
  expect(shares.take(taker('good', 'b', 'proxy'))).toBeDefined();
});

test('of what is an agent’s, strangers from a few addresses leave places to others; all come back', () => {
  const shares = new Shares({
    ...{ total: 100, namespace: 100, agent: 64, peer: 100 },
    isOpenToAll: true,
  });
  const crowd = () =>
    Array.from({ length: 400 }, (_, index) =>
      shares.take(taker('n', 'victim', `stranger-${index % 4}`)),
    ).filter((place) => place !== undefined);
  const first = crowd();
  expect(first.length).toBeGreaterThan(48);
  const others = [
    shares.take(taker('n', 'victim', 'friend')),
    shares.take(taker('n', 'other', 'stranger-0')),
  ];
  expect(others).not.toContain(undefined);
  for (const place of [...first, ...others]) place?.();
  expect(shares.taken).toBe(0);
  expect(crowd()).toHaveLength(first.length);
});

test.each(['halfSent', 'uploads', 'deferred'] as const)(
  'S54: %s of an agent are never all one caller’s',
  (what) => {
    const shares = new Shares(bounds[what]);
    for (let index = 0; index < 2_000; index += 1) shares.take(taker('n', 'victim', 'stranger'));
    expect(shares.take(taker('n', 'victim', 'friend'))).toBeDefined();
  },
);

test('what is kept says when it is too much, and comes back to nothing', () => {
  const kept = new KeptBytes(10);
  expect([kept.take(5), kept.take(5), kept.take(1)]).toEqual([true, false, false]);
  kept.give(8);
  expect([kept.held, kept.take(1)]).toEqual([3, true]);
});
