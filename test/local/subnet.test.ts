import { expect, it } from 'vitest';
import { computeSubnet } from '../../local/subnet.ts';

it('divides the range without overlap', () => {
  const subnet = computeSubnet('198.51.100.0/24');
  expect(subnet).toMatchObject({
    nodeAddress: '198.51.100.1',
    podCidr: '198.51.100.0/25',
    serviceCidr: '198.51.100.128/26',
  });
  expect(subnet.podAddresses[0]).toBe('198.51.100.2');
  expect(subnet.podAddresses.at(-1)).toBe('198.51.100.126');
  expect(subnet.exampleAddress(250)).toBe('198.51.100.250');
  expect(subnet.contains('198.51.10.2')).toBe(false);
});

it.each(['198.51.100.0/16', '198.51.100.7/24', 'x'])('refuses %s', (cidr) => {
  expect(() => computeSubnet(cidr)).toThrow(expect.objectContaining({ code: 'SUBNET_INVALID' }) as Error);
});
