/**
 * IP addresses and CIDRs as bytes. It is apart because an address has many spellings and a comparison of
 * strings is how SSRF filters were got round; everything here parses to a number first.
 * It must never accept a spelling that `net.isIP` refuses (octal, hex, short forms).
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';

/** An address with its family; IPv4-mapped, NAT64 and 6to4 forms are unwrapped to the IPv4 they reach. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Cidr {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly prefix: number;
}

function parseV4(text: string): bigint {
  return text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function parseV6(text: string): bigint {
  const noZone = text.split('%')[0] ?? '';
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(noZone);
  let groups = noZone;
  if (dotted !== null) {
    const v4 = parseV4(dotted[2] ?? '');
    groups = `${dotted[1] ?? ''}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = groups.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** Where `parseIp` sees through IPv6 to IPv4: no address in them is an IPv6 address to any rule. */
export const embeddedV4Cidrs: readonly string[] = ['::ffff:0:0/96', '64:ff9b::/96', '2002::/16'];

/** IPv6 forms that carry an IPv4 address the network will really reach: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056). */
function unwrap(value: bigint): IpAddress {
  const low32 = value & 0xffff_ffffn;
  const high96 = value >> 32n;
  if (high96 === 0xffffn || high96 === 0x0064_ff9b_0000_0000_0000_0000n) return { family: 4, value: low32 };
  if (value >> 112n === 0x2002n) return { family: 4, value: (value >> 80n) & 0xffff_ffffn };
  return { family: 6, value };
}

/** The address, or undefined when the text is not exactly one. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, value: parseV4(text) };
  if (isIPv6(text)) return unwrap(parseV6(text));
  return undefined;
}

function parsePrefix(text: string | undefined, bits: number): number | undefined {
  if (text === undefined) return bits;
  if (!/^\d{1,3}$/.test(text)) return undefined;
  return Number(text) <= bits ? Number(text) : undefined;
}

/** The CIDR, or undefined. A bare address is a /32 or /128. Host bits are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...more] = text.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || more.length > 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const prefix = parsePrefix(length, bits);
  if (prefix === undefined) return undefined;
  const raw = family === 4 ? parseV4(address) : parseV6(address);
  const shift = BigInt(bits - prefix);
  return { family, value: (raw >> shift) << shift, prefix };
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.family !== address.family) return false;
  const shift = BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
  return cidr.value >> shift === address.value >> shift;
}

/** Is all of `inner` in `outer`? */
export function cidrHoldsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && cidrContains(outer, inner);
}

/** Two CIDRs share addresses only when one holds the other. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return cidrHoldsCidr(a, b) || cidrHoldsCidr(b, a);
}
