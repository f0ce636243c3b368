import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressPool } from '../../../local/node-agent/address-pool.ts';

describe('AddressPool', () => {
  it('keeps an owner’s address, honours a free preference, and says when it is empty', () => {
    const pool = new AddressPool(['a', 'b']);
    expect(pool.acquire('one', 'b')).toBe('b');
    expect(pool.acquire('one')).toBe('b');
    expect(pool.acquire('two', 'b')).toBe('a');
    expect(() => pool.acquire('three')).toThrow(expect.objectContaining({ code: 'NO_POD_ADDRESS' }) as Error);
    pool.release('one');
    expect(pool.acquire('three')).toBe('b');
  });

  it('never gives one address to two owners', () => {
    const step = fc.record({ owner: fc.nat(9), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new AddressPool(Array.from({ length: 10 }, (_, index) => String(index)));
        const held = new Map<number, string>();
        for (const { owner, take } of steps) {
          if (take) held.set(owner, pool.acquire(String(owner)));
          else {
            pool.release(String(owner));
            held.delete(owner);
          }
          expect(new Set(held.values()).size).toBe(held.size);
        }
      }),
    );
  });
});
