import { expect, test } from 'vitest';
import { maxSlots, slotAddress, slotIndexOf } from '../../../worker/network/slot-address.ts';

const all = Array.from({ length: maxSlots }, (_, index) => slotAddress('clrk-w', index));

test('every slot has its own names and addresses, and is found by its sandbox address alone', () => {
  for (const key of [
    'hostInterface',
    'gatewayIp',
    'sandboxIp',
    'gatewayIp6',
    'sandboxIp6',
    'namespace',
  ] as const) {
    expect(new Set(all.map((slot) => slot[key])).size).toBe(maxSlots);
  }
  for (const slot of all) {
    expect(slot.hostInterface.length).toBeLessThanOrEqual(15);
    expect(slotIndexOf(slot.sandboxIp)).toBe(slot.index);
    expect(slotIndexOf(slot.gatewayIp)).toBeUndefined();
  }
});

test.each(['', '100.64.0.3', '100.64.6.2', '100.65.0.2', '10.64.0.2', '100.64.0.2.1', '::ffff:100.64.0.2'])(
  '%s is no slot',
  (ip) => {
    expect(slotIndexOf(ip)).toBeUndefined();
  },
);
