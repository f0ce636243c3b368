import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairCache } from '../../contract/index.ts';

test('S54: an owner of thousands pushes out its own, and a few entries of others stay', () => {
  const evicted: string[] = [];
  const cache = new FairCache<string>({ max: 100, onEvict: (value) => evicted.push(value) });
  for (let index = 0; index < 5; index += 1) cache.set('honest', `honest ${index}`, 'kept');
  for (let index = 0; index < 5_000; index += 1) cache.set('hostile', `hostile ${index}`, 'mine');
  for (let index = 0; index < 5; index += 1) expect(cache.get(`honest ${index}`)).toBe('kept');
  expect(cache.size).toBe(100);
  expect(new Set(evicted)).toEqual(new Set(['mine']));
});

test('a newcomer finds room in a cache that one owner has filled', () => {
  const cache = new FairCache<number>({ max: 10 });
  for (let index = 0; index < 10; index += 1) cache.set('hostile', `h${index}`, index);
  for (let index = 0; index < 5; index += 1) cache.set('honest', `a${index}`, index);
  expect([...cache].filter(([key]) => key.startsWith('a'))).toHaveLength(5);
});

test('of one owner the least recently used goes first', () => {
  const cache = new FairCache<number>({ max: 2 });
  cache.set('a', 'one', 1);
  cache.set('a', 'two', 2);
  cache.get('one');
  cache.set('a', 'three', 3);
  expect([...cache].map(([key]) => key).sort()).toEqual(['one', 'three']);
});

test('an entry is good for its time and no longer', () => {
  let now = 0;
  const cache = new FairCache<number>({ max: 2, ttlMs: 10, now: () => now });
  cache.set('a', 'one', 1);
  now = 9;
  expect(cache.get('one')).toBe(1);
  now = 10;
  expect(cache.get('one')).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('it is never larger than its bound, whoever does what', () => {
  const step = fc.tuple(fc.constantFrom('set', 'get', 'delete'), fc.nat(3), fc.nat(20));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cache = new FairCache<number>({ max: 7 });
      for (const [what, owner, key] of steps) {
        if (what === 'set') cache.set(`o${owner}`, `k${key}`, key);
        else if (what === 'get') expect(cache.get(`k${key}`) ?? key).toBe(key);
        else cache.delete(`k${key}`);
        expect(cache.size).toBeLessThanOrEqual(7);
        expect([...cache]).toHaveLength(cache.size);
      }
    }),
  );
});
