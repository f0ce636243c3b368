/** How wide a list of ranges is, and what is private in it: single CIDRs, whole lists, routes of one gateway. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cidrContains,
  isPrivateAddress,
  neverOpenCidrs,
  parseCidr,
  reservedReason,
  type Cidr,
} from '../../contract/index.ts';
import { privateIn, publicSize } from '../../policy/destination-range.ts';
import { documents, gateway, judge, messages, object } from './judge.ts';

const route = (name: string, ...matches: readonly string[]): string =>
  object(
    'EgressL4Route',
    name,
    `{ parentRefs: [{ name: gw }], rules: [${matches.map((match) => `{ matches: [{ destinationCIDRs: [${match}] }] }`).join(', ')}] }`,
  );
const broad = (...lists: readonly string[]): string[] =>
  messages(documents(gateway, route('r', ...lists)), 'broad-range');

describe('S52: broad ranges', () => {
  test.each([
    ['one too wide', ['16.0.0.0/4']],
    ['everything in two', ['0.0.0.0/1, 128.0.0.0/1']],
    ['two of the widest', ['8.0.0.0/8, 9.0.0.0/8']],
    ['split over rules', ['8.0.0.0/8', '9.0.0.0/16']],
    ['many small ones', [Array.from({ length: 32 }, (_, index) => `${20 + index}.0.0.0/12`).join(', ')]],
    ['IPv6 in two', ['"2000::/20", "2001:1000::/20"']],
  ])('%s', (_, lists) => {
    expect(broad(...lists)).not.toEqual([]);
  });

  test.each([
    ['the widest, once', ['8.0.0.0/8']],
    ['the same twice and a part of it', ['8.0.0.0/8, 8.0.0.0/8', '8.1.0.0/16']],
    ['private ranges are another rule’s', ['8.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12']],
    ['one of each family', ['8.0.0.0/8, "2600::/20"']],
  ])('not %s', (_, lists) => {
    expect(broad(...lists)).toEqual([]);
  });

  test('split over the routes of one gateway is told of the gateway', () => {
    const told = judge(documents(gateway, route('a', '8.0.0.0/8'), route('b', '9.0.0.0/8')));
    expect(told.filter(({ rule }) => rule === 'broad-range')).toMatchObject([
      { object: 'EgressGateway t/gw' },
    ]);
  });

  test('a route that is denied opens nothing', () => {
    const deny = object('EgressDenyPolicy', 'd', '{ targetRefs: [{ kind: EgressL4Route, name: r }] }');
    expect(
      judge(documents(gateway, route('r', '0.0.0.0/1, 10.0.0.0/8'), deny)).map(({ rule }) => rule),
    ).toEqual([]);
  });
});

describe('S26: private ranges', () => {
  test.each(['10.0.0.0/7', '172.0.0.0/8', '192.168.7.0/24', '100.0.0.0/8', '"fd12::/16"', '10.1.2.3/32'])(
    '%s',
    (cidr) => {
      expect(
        messages(documents(gateway, route('r', `203.0.113.0/24, ${cidr}`)), 'private-range'),
      ).toHaveLength(1);
    },
  );

  test.each(['203.0.113.0/24', '11.0.0.0/8', '172.32.0.0/11', '"2600::/32"'])('not %s', (cidr) => {
    expect(messages(documents(gateway, route('r', cidr)), 'private-range')).toEqual([]);
  });
});

describe('S25: metadata services inside a range', () => {
  test.each(['100.100.0.0/16', '168.63.0.0/16', '"fd20::/16"', '"fd00::/16"', '"fd00:42::/32"'])(
    '%s',
    (cidr) => {
      expect(messages(documents(gateway, route('r', cidr)), 'never-open-destination')).toHaveLength(1);
    },
  );
});

const cidr4 = fc
  .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
  .map(([address, prefix]) => parseCidr(`${address}/${prefix}`) as Cidr);
const at = (value: number): { family: 4; value: bigint } => ({ family: 4, value: BigInt(value) });

test('S26: a range is private exactly when it holds a private address, and its public size counts the others', () => {
  fc.assert(
    fc.property(fc.array(cidr4, { minLength: 1, maxLength: 6 }), fc.nat(0xffff_ffff), (cidrs, sample) => {
      const size = publicSize(cidrs, 4);
      expect(size >= 0n && size <= 1n << 32n).toBe(true);
      const address = at(sample);
      const inside = cidrs.filter((cidr) => cidrContains(cidr, address));
      if (inside.length > 0 && isPrivateAddress(address))
        expect(inside.every((cidr) => privateIn(cidr).length > 0)).toBe(true);
      if (inside.length > 0 && !isPrivateAddress(address) && reservedReason(address) === undefined)
        expect(size > 0n).toBe(true);
      // A list with one more range, or a range twice, never opens less.
      expect(publicSize([...cidrs, ...cidrs], 4)).toBe(size);
    }),
  );
});

test('all of IPv4 is as large as what is neither private nor closed', () => {
  const closed = neverOpenCidrs.flatMap((text) => (text.includes(':') ? [] : [parseCidr(text) as Cidr]));
  const taken = [
    ...closed,
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(
      (text) => parseCidr(text) as Cidr,
    ),
  ];
  // 100.100.100.200 is in 100.64.0.0/10.
  const sum = taken
    .filter(({ prefix, value }) => !(prefix === 32 && value === (parseCidr('100.100.100.200') as Cidr).value))
    .reduce((all, { prefix }) => all + (1n << BigInt(32 - prefix)), 0n);
  expect(publicSize([parseCidr('0.0.0.0/1') as Cidr, parseCidr('128.0.0.0/1') as Cidr], 4)).toBe(
    (1n << 32n) - sum,
  );
});
