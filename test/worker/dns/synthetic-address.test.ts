import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHostname, parseIp, reservedReason, type Hostname } from '../../../contract/index.ts';
import { maxNamesPerSandbox, SyntheticAddresses } from '../../../worker/dns/synthetic-address.ts';

const name = (index: number): Hostname => parseHostname(`n${index}.example.com`) as Hostname;

test('a name keeps its address, an address its name, for as long as the sandbox lives', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (indexes) => {
      const addresses = new SyntheticAddresses();
      const given = new Map<number, string | undefined>();
      for (const index of indexes) {
        const address = addresses.addressOf(name(index));
        expect(given.get(index) ?? address).toBe(address);
        given.set(index, address);
        expect(addresses.nameOf(address ?? '')).toBe(name(index));
      }
      expect(new Set(given.values()).size).toBe(given.size);
    }),
  );
});

test('S9: every address is in the range no policy can open, and the number is bounded', () => {
  const addresses = new SyntheticAddresses();
  for (let index = 0; index < maxNamesPerSandbox; index += 1) {
    const ip = parseIp(addresses.addressOf(name(index)) ?? '');
    if (ip === undefined) throw new Error('not an address');
    expect(reservedReason(ip)).toBe('reserved');
  }
  expect(addresses.addressOf(name(maxNamesPerSandbox))).toBeUndefined();
  expect(addresses.addressOf(name(0))).toBe('198.18.1.0');
});
