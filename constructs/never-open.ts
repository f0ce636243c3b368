/**
 * Destinations no policy can open (design 4), refused where they are written. The same table is in api/rule.ts for
 * admission and in contract/ for data planes; it is here once more because this package installs without either, and
 * test/constructs/never-open.test.ts holds them together. It must never be shorter than theirs.
 */
import { BlockList, isIP } from 'node:net';

export const neverOpenCidrs: readonly string[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  'fd00:ec2::254/128',
  'fe80::/10',
  'ff00::/8',
];

const neverOpenHosts: readonly string[] = ['metadata.google.internal', '*.google.internal'];

interface Block {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Undefined for text that is no CIDR. */
function parseBlock(cidr: string): Block | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(cidr);
  const [, address = '', digits = ''] = match ?? [];
  const version = isIP(address);
  const prefix = Number(digits);
  // An IPv4 address in IPv6 clothes would be judged by the wrong table (security S3).
  if (version === 0 || prefix > (version === 4 ? 32 : 128) || (version === 6 && address.includes('.'))) {
    return undefined;
  }
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

const neverOpen = neverOpenCidrs.flatMap((cidr) => {
  const block = parseBlock(cidr);
  if (block === undefined) return [];
  const list = new BlockList();
  list.addSubnet(block.address, block.prefix, block.family);
  return [{ list, prefix: block.prefix }];
});

/** Wider blocks are fine: the data plane subtracts. */
export function problemOfCidr(cidr: string): string | undefined {
  const block = parseBlock(cidr);
  if (block === undefined) return `"${cidr}" is not a CIDR`;
  const { address, prefix, family } = block;
  const closed = neverOpen.some((each) => prefix >= each.prefix && each.list.check(address, family));
  return closed ? `"${cidr}" (metadata, loopback, multicast, reserved) is never open to agents` : undefined;
}

// A name of two labels at least, optionally below a wildcard: `*.com` would open half of the internet.
const hostPattern = /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
// 10.0.0.1, 127.1, 0x7f.1: what some resolvers read as an address is none of a name (security S4).
const numberPattern = /\.(0x)?[0-9]+$/;

export function problemOfHost(host: string): string | undefined {
  if (!hostPattern.test(host)) return `"${host}" is not a host, or a wildcard over a whole top-level domain`;
  if (numberPattern.test(host)) return `"${host}" is an address; use cidrs`;
  const closed = neverOpenHosts.includes(host) || host.endsWith('.localhost');
  return closed ? `"${host}" (metadata, local host) is never open to agents` : undefined;
}
