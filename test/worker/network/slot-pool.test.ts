import { expect, test } from 'vitest';
import { slotAddress, type SlotAddress } from '../../../worker/network/slot-address.ts';
import { SlotPool } from '../../../worker/network/slot-pool.ts';

class World {
  readonly there = new Set<number>();
  readonly errors: unknown[] = [];
  failMake = false;
  failRenew = false;
  readonly pool = new SlotPool({
    address: (index) => slotAddress('w', index),
    make: async (slots) => {
      await Promise.resolve();
      if (this.failMake) throw new Error('no');
      for (const slot of slots) this.there.add(slot.index);
    },
    renew: () => (this.failRenew ? Promise.reject(new Error('no')) : Promise.resolve()),
    remove: (slots: readonly SlotAddress[]) => {
      for (const slot of slots) this.there.delete(slot.index);
      return Promise.resolve();
    },
    ready: 2,
    onError: (error) => this.errors.push(error),
  });
}

test('keeps some ready, gives each once, makes more when all are out', async () => {
  const world = new World();
  await world.pool.fill();
  expect(world.pool.readyCount).toBe(2);
  const slots = await Promise.all(Array.from({ length: 7 }, () => world.pool.acquire()));
  expect(new Set(slots.map((slot) => slot.index)).size).toBe(7);
  await Promise.all(slots.map((slot) => world.pool.release(slot)));
  await world.pool.fill();
  expect(world.pool.readyCount).toBeLessThanOrEqual(4);
  await world.pool.close();
  expect([...world.there]).toEqual([]);
  await expect(world.pool.acquire()).rejects.toMatchObject({ code: 'NO_SLOT' });
});

test('a slot that cannot be renewed is deleted, not given again', async () => {
  const world = new World();
  const slot = await world.pool.acquire();
  world.failRenew = true;
  await world.pool.release(slot);
  expect(world.there.has(slot.index)).toBe(false);
  expect(world.errors).toHaveLength(1);
});

test('a failure to make reaches who waits, and the next one tries again', async () => {
  const world = new World();
  world.failMake = true;
  await expect(world.pool.acquire()).rejects.toThrow('no');
  world.failMake = false;
  await expect(world.pool.acquire()).resolves.toMatchObject({ index: 0 });
});
