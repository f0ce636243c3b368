import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../contract/ip-address.ts';
import { isPrivateAddress, reservedReason } from '../../contract/reserved-address.ts';

function reason(ip: string): string | undefined {
  const address = parseIp(ip);
  if (address === undefined) throw new Error(`not an address: ${ip}`);
  return reservedReason(address);
}

describe('reservedReason', () => {
  test.each([
    ['169.254.169.254', 'link_local'],
    ['169.254.170.2', 'link_local'],
    ['fd00:ec2::254', 'metadata'],
    ['fd00:ec2::23', 'metadata'],
    ['fd20:ce::254', 'metadata'],
    ['fd00:c1::a9fe:a9fe', 'metadata'],
    ['fd00:42::42', 'metadata'],
    ['fd00:a9fe:a9fe::1', 'metadata'],
    ['fd00:100::100:200', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'metadata'],
    ['::ffff:169.254.169.254', 'link_local'],
    ['64:ff9b::a9fe:a9fe', 'link_local'],
    ['2002:a9fe:a9fe::', 'link_local'],
  ])('S25: the metadata address %s is never open (%s)', (ip, expected) => {
    expect(reason(ip)).toBe(expected);
  });

  test.each([
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['fe80::1', 'link_local'],
    ['febf::1', 'link_local'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['198.19.255.255', 'reserved'],
  ])('S26: %s is never open (%s)', (ip, expected) => {
    expect(reason(ip)).toBe(expected);
  });

  test.each([
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-compatible', '::a9fe:a9fe'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['local NAT64', '64:ff9b:1::a9fe:a9fe'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['site-local', 'fec0::1'],
  ])('S3: the %s address %s is never open', (_, ip) => {
    expect(reason(ip)).toBe('reserved');
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '198.17.255.255',
    '198.20.0.0',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
  ])('%s is for policy to decide', (ip) => {
    expect(reason(ip)).toBeUndefined();
  });

  test('S26: every address of 127/8 is loopback in every form that carries it', () => {
    fc.assert(
      fc.property(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), ([a, b, c]) => {
        const ip = `127.${a}.${b}.${c}`;
        for (const form of [ip, `::ffff:${ip}`, `64:ff9b::${ip}`]) expect(reason(form)).toBe('loopback');
      }),
    );
  });
});

describe('isPrivateAddress', () => {
  test.each([
    ['10.0.0.1', true],
    ['172.16.0.1', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['192.168.1.1', true],
    ['100.64.0.1', true],
    ['100.128.0.0', false],
    ['fd12::1', true],
    ['8.8.8.8', false],
    ['::ffff:10.0.0.1', true],
  ])('S26: %s: %s', (ip, expected) => {
    const address = parseIp(ip);
    expect(address !== undefined && isPrivateAddress(address)).toBe(expected);
  });
});
