/**
 * Destinations no policy can open, refused where they are written. The table is contract's,
 * generated into this folder because the package installs without the rest.
 */
import { BlockList, isIP } from 'node:net';
import { neverOpenCidrs } from './never-open-cidrs.ts';

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
