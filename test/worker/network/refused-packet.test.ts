import { expect, test } from 'vitest';
import { parseRefusedPackets } from '../../../worker/network/refused-packet.ts';

const set = (name: string, ...elements: unknown[]) =>
  JSON.stringify({
    nftables: [{ metainfo: {} }, { set: { family: 'inet', name, elem: elements } }, { rule: {} }],
  });

test('reads elements with and without their timeouts', () => {
  const plain = { concat: ['cs0', '8.8.8.8', 'udp', 443] };
  const timed = { elem: { val: { concat: ['cs1', '1.1.1.1', 'icmp', 0] }, timeout: 600, expires: 5 } };
  expect(parseRefusedPackets(set('refused4', plain, timed))).toEqual([
    { hostInterface: 'cs0', destination: '8.8.8.8', protocol: 'udp', port: 443, reason: 'udp' },
    { hostInterface: 'cs1', destination: '1.1.1.1', protocol: 'icmp', port: 0, reason: 'protocol' },
  ]);
  expect(parseRefusedPackets(set('refused6', { concat: ['cs0', '2001:db8::1', 'tcp', 443] }))).toMatchObject([
    { reason: 'ipv6' },
  ]);
});

test.each([
  '',
  'warning: x\n',
  set('refused4'),
  '{"nftables":[]}',
  '{}',
  set('refused4', 'odd', { concat: [1] }),
])('%j has none', (text) => {
  expect(parseRefusedPackets(text)).toEqual([]);
});
