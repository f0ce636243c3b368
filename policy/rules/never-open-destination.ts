/** A destination that is never open. */
import { parseHostname, parseIp, reservedReason, type Cidr } from '../../contract/index.ts';
import { destinationRanges, everyCidr } from '../destination-range.ts';
import type { Found, Rule } from '../rule.ts';
import type { World } from '../world.ts';

function lastOf({ family, value, prefix }: Cidr): bigint {
  return value | ((1n << BigInt((family === 4 ? 32 : 128) - prefix)) - 1n);
}

// Where clouds serve credentials to whoever asks: well-known addresses inside ranges that look ordinary.
const metadataAddresses = [
  '169.254.169.254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
];

function contains(cidr: Cidr, text: string): boolean {
  const address = parseIp(text);
  return address?.family === cidr.family && address.value >= cidr.value && address.value <= lastOf(cidr);
}

function* ranges(world: World): Iterable<Found> {
  for (const { manifest, path, text, cidr } of destinationRanges(world)) {
    const first = reservedReason({ family: cidr.family, value: cidr.value });
    const last = reservedReason({ family: cidr.family, value: lastOf(cidr) });
    if (first !== undefined && first === last) {
      yield { manifest, path, message: `"${text}" is never open to agents (${first})` };
      continue;
    }
    const inside = metadataAddresses.find((address) => contains(cidr, address));
    if (inside === undefined || cidr.prefix === 0) continue;
    yield { manifest, path, message: `"${text}" holds the metadata service ${inside}, which stays closed` };
  }
}

function* aliases(world: World): Iterable<Found> {
  for (const { manifest, spec } of world.own('EgressGateway')) {
    for (const [index, { ip, hostnames = [] }] of (spec.upstreamTLS?.hostAliases ?? []).entries()) {
      const address = parseIp(ip);
      const reason = address === undefined ? undefined : reservedReason(address);
      if (reason === undefined) continue;
      const names = hostnames.filter((name) => parseHostname(name) !== undefined).join(', ');
      const path = ['spec', 'upstreamTLS', 'hostAliases', index, 'ip'];
      yield {
        manifest,
        path,
        message: `${ip} (${reason}) is never open, so ${names || 'its names'} will not be reached`,
      };
    }
  }
}

export const neverOpenDestination: Rule = {
  id: 'never-open-destination',
  severity: 'error',
  title: 'A destination that is never open',
  why: 'Metadata services, loopback, link-local, multicast and reserved addresses stay closed whatever a policy says. A manifest that names them either does not work or was written to get at a credential.',
  fix: 'Take the range out, or narrow it so that it holds no such address.',
  promises: ['S25', 'S26', 'S52'],
  *check(world) {
    yield* ranges(world);
    yield* aliases(world);
  },
  admission: [
    {
      resources: ['egressl4routes'],
      expression: everyCidr(
        `!isCIDR(c) || cidr(c).prefixLength() == 0 || !${JSON.stringify(metadataAddresses)}.exists(a, cidr(c).containsIP(a))`,
      ),
      message: 'the range holds a metadata service, which stays closed: narrow it',
    },
  ],
};
