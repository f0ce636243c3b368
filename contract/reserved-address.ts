/**
 * Addresses no policy can open, and those only an explicit L4 route opens (promises S25 and S26 of docs/security.md).
 * It is apart because admission, the compiler, the worker and the gateway all judge by the same table.
 */
import { cidrContains, cidrHoldsCidr, parseCidr, type Cidr, type IpAddress } from './ip-address.ts';
import type { DenyReason } from './deny-reason.ts';

type ReservedReason = Extract<
  DenyReason,
  'unspecified' | 'loopback' | 'link_local' | 'metadata' | 'multicast' | 'reserved'
>;

/** Why, and which range. The one table: api/ and constructs/ hold a generated copy, because they import nothing of ours. */
const never: ReadonlyArray<readonly [ReservedReason, string]> = [
  ['unspecified', '0.0.0.0/8'],
  ['unspecified', '::/128'],
  ['loopback', '127.0.0.0/8'],
  ['loopback', '::1/128'],
  ['link_local', '169.254.0.0/16'], // includes 169.254.169.254 and 169.254.170.2
  ['link_local', 'fe80::/10'],
  ['metadata', '100.100.100.200/32'], // Alibaba Cloud metadata
  ['metadata', '168.63.129.16/32'], // Azure wire server
  ['metadata', '192.0.0.192/32'], // Oracle Cloud metadata (classic)
  ['metadata', 'fd00:ec2::/32'], // AWS over IPv6: instance metadata ::254, pod identity ::23, resolver, clock
  ['metadata', 'fd20:ce::254/128'], // Google Cloud metadata over IPv6
  ['metadata', 'fd00:c1::a9fe:a9fe/128'], // Oracle Cloud metadata over IPv6
  ['metadata', 'fd00:42::42/128'], // Scaleway metadata over IPv6
  ['metadata', 'fd00:a9fe:a9fe::1/128'], // Akamai (Linode) metadata over IPv6
  ['metadata', 'fd00:100::100:200/128'], // Alibaba Cloud metadata over IPv6
  ['multicast', '224.0.0.0/4'],
  ['multicast', 'ff00::/8'],
  ['reserved', '240.0.0.0/4'], // class E and broadcast
  ['reserved', '192.0.0.0/24'], // IETF protocol assignments (RFC 6890)
  ['reserved', '198.18.0.0/15'], // our synthetic DNS answers (RFC 2544 benchmarking range)
  // IPv6 forms with an IPv4 address inside that parseIp does not unwrap: nobody needs them, attackers do.
  ['reserved', '::/96'], // IPv4-compatible (RFC 4291 2.5.5.1, deprecated)
  ['reserved', '::ffff:0:0:0/96'], // IPv4-translated (RFC 2765)
  ['reserved', '64:ff9b:1::/48'], // local-use NAT64 (RFC 8215)
  ['reserved', '2001::/32'], // Teredo (RFC 4380)
  ['reserved', 'fec0::/10'], // site-local (RFC 3879, deprecated)
  ['reserved', '100::/64'], // discard (RFC 6666)
];

/** The ranges above as text, none of which holds another. */
export const neverOpenCidrs: readonly string[] = never
  .map(([, text]) => text)
  .filter((text) => !never.some(([, other]) => other !== text && holds(other, text)));

/** Where a cloud hands credentials to whoever asks, as ranges; 169.254.169.254 is inside a wider one above. */
export const metadataCidrs: readonly string[] = [
  '169.254.169.254/32',
  ...never.filter(([reason]) => reason === 'metadata').map(([, text]) => text),
];

/** Open only to an L4 route that names them: RFC 1918, RFC 6598 (CGNAT), RFC 4193 (ULA). */
export const privateCidrs: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
];

function holds(wide: string, narrow: string): boolean {
  return cidrHoldsCidr(mustParse(wide), mustParse(narrow));
}

function mustParse(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`not a CIDR: ${text}`);
  return cidr;
}

const neverTable = never.map(([reason, text]) => [reason, mustParse(text)] as const);
const privateTable = privateCidrs.map(mustParse);

/** Why this address is never open, or undefined when policy may decide. */
export function reservedReason(address: IpAddress): ReservedReason | undefined {
  return neverTable.find(([, cidr]) => cidrContains(cidr, address))?.[0];
}

/** True for ranges that are open only to an L4 route whose CIDR names them. */
export function isPrivateAddress(address: IpAddress): boolean {
  return privateTable.some((cidr) => cidrContains(cidr, address));
}

/** Every range of the tables above: where the verdict on an address changes. */
export const reservedCidrs: readonly Cidr[] = [...neverTable.map(([, cidr]) => cidr), ...privateTable];
