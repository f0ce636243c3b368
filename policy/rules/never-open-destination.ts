/** A destination that is never open. */
import {
  cidrHoldsCidr,
  metadataCidrs,
  neverOpenCidrs,
  parseCidr,
  parseHostname,
  parseIp,
  reservedReason,
} from '../../contract/index.ts';
import { celList, destinationRanges, everyCidr } from '../destination-range.ts';
import type { Found, Rule } from '../rule.ts';
import type { World } from '../world.ts';

const closed = neverOpenCidrs.flatMap((text) => parseCidr(text) ?? []);
// Where clouds serve credentials to whoever asks: well-known addresses inside ranges that look ordinary.
const metadata = metadataCidrs.flatMap((text) => {
  const cidr = parseCidr(text);
  return cidr === undefined ? [] : [{ text, cidr }];
});

function* ranges(world: World): Iterable<Found> {
  for (const { manifest, path, text, cidr } of destinationRanges(world)) {
    if (closed.some((each) => cidrHoldsCidr(each, cidr))) {
      const reason = reservedReason(cidr) ?? 'reserved';
      yield { manifest, path, message: `"${text}" is never open to agents (${reason})` };
      continue;
    }
    const inside = cidr.prefix === 0 ? undefined : metadata.find((each) => cidrHoldsCidr(cidr, each.cidr));
    if (inside === undefined) continue;
    yield {
      manifest,
      path,
      message: `"${text}" holds the metadata service ${inside.text}, which stays closed`,
    };
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
        `!isCIDR(c) || cidr(c).prefixLength() == 0 || !${celList(metadataCidrs)}.exists(a, cidr(c).containsCIDR(a))`,
      ),
      message: 'the range holds a metadata service, which stays closed: narrow it',
    },
  ],
};
