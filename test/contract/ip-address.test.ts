import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cidrContains, parseCidr, parseIp } from '../../contract/ip-address.ts';

function contains(cidr: string, ip: string): boolean {
  const parsed = { cidr: parseCidr(cidr), ip: parseIp(ip) };
  if (parsed.cidr === undefined || parsed.ip === undefined) throw new Error(`not parsed: ${cidr} ${ip}`);
  return cidrContains(parsed.cidr, parsed.ip);
}

describe('parseIp', () => {
  test.each([
    ['0.0.0.0', 4, 0n],
    ['127.0.0.1', 4, 0x7f000001n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['2606:4700:4700::1111', 6, 0x26064700470000000000000000001111n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['fe80::1%eth0', 6, 0xfe800000000000000000000000000001n],
  ])('%s', (text, family, value) => {
    expect(parseIp(text)).toEqual({ family, value });
  });

  test.each([
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, in hex', '::ffff:7f00:1'],
    ['mapped, spelled out', '0:0:0:0:0:ffff:7f00:0001'],
    ['NAT64', '64:ff9b::127.0.0.1'],
    ['NAT64, in hex', '64:ff9b::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['6to4 with a subnet', '2002:7f00:0001:abcd::1'],
  ])('S3: the %s form %s is the IPv4 address inside', (_, text) => {
    expect(parseIp(text)).toEqual({ family: 4, value: 0x7f000001n });
  });

  test.each([
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '127.0.0.1.',
    ' 127.0.0.1',
    '127.0.0.1\0',
    '127.0.0.256',
    '01.2.3.4',
    '1.2.3',
    '::ffff:127.1',
    ':::',
    '1::2::3',
    '12345::',
    '[::1]',
    '',
  ])('S4: %j is not an address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test('S4: every IPv4 address has one value, whatever IPv6 form carries it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        const plain = parseIp(ip);
        expect(parseIp(`::ffff:${ip}`)).toEqual(plain);
        expect(parseIp(`64:ff9b::${ip}`)).toEqual(plain);
      }),
    );
  });

  test('S3: every spelling of an IPv6 address parses to one value', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const canonical = new URL(`http://[${ip}]/`).hostname.slice(1, -1);
        expect(parseIp(canonical)).toEqual(parseIp(ip));
      }),
    );
  });
});

describe('parseCidr', () => {
  test.each([
    ['10.0.0.0/8', { family: 4, value: 0x0a000000n, prefix: 8 }],
    ['10.1.2.3/8', { family: 4, value: 0x0a000000n, prefix: 8 }],
    ['10.1.2.3', { family: 4, value: 0x0a010203n, prefix: 32 }],
    ['0.0.0.0/0', { family: 4, value: 0n, prefix: 0 }],
    ['fc00::/7', { family: 6, value: 0xfc00n << 112n, prefix: 7 }],
    ['::1', { family: 6, value: 1n, prefix: 128 }],
  ])('%s', (text, expected) => {
    expect(parseCidr(text)).toEqual(expected);
  });

  test.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/0x8',
    '10/8',
    'x/8',
    '10.0.0.0/ 8',
    '10.0.0.0/1e1',
  ])('%j is not a CIDR', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe('cidrContains', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '2606:4700::1', false],
    ['::/0', '8.8.8.8', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['fc00::/7', 'fdff::1', true],
    ['fc00::/7', 'fe00::1', false],
    ['1.2.3.4', '1.2.3.4', true],
    ['1.2.3.4', '1.2.3.5', false],
  ])('%s holds %s: %s', (cidr, ip, expected) => {
    expect(contains(cidr, ip)).toBe(expected);
  });

  test('an address lies in its own prefix of any length, and flipping a bit of the prefix leaves it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 32 }), (ip, prefix) => {
        const cidr = parseCidr(`${ip}/${prefix}`);
        const address = parseIp(ip);
        if (cidr === undefined || address === undefined) throw new Error('not parsed');
        expect(cidrContains(cidr, address)).toBe(true);
        const other = { family: 4 as const, value: address.value ^ (1n << BigInt(32 - prefix)) };
        expect(cidrContains(cidr, other)).toBe(false);
      }),
    );
  });
});
