/** A route that opens a large part of the internet by address. */
import { neverOpenCidrs, privateCidrs, type Cidr } from '../../contract/index.ts';
import {
  celList,
  everyCidr,
  publicSize,
  rangeLists,
  sizeOf,
  sumOverCidrs,
  type DestinationRange,
} from '../destination-range.ts';
import type { Found, Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import type { Item, World } from '../world.ts';

// Wider than any one organisation's network: a /8 is the largest block IANA hands out, a /20 its IPv6 counterpart.
const least = { 4: 8, 6: 20 } as const;
const families = [4, 6] as const;

/** Many ranges are as wide as one: 0.0.0.0/1 and 128.0.0.0/1 are everything. The family that is too wide, if one is. */
function wideTogether(ranges: readonly DestinationRange[]): Cidr['family'] | undefined {
  const cidrs = ranges.map(({ cidr }) => cidr);
  return families.find((family) => publicSize(cidrs, family) > sizeOf({ family, prefix: least[family] }));
}

function* ofRoutes(world: World): Iterable<Found> {
  for (const ranges of rangeLists(world)) {
    const wide = ranges.filter(({ cidr }) => cidr.prefix < least[cidr.family]);
    for (const { manifest, path, text, cidr } of wide)
      yield { manifest, path, message: `"${text}" is wider than a /${least[cidr.family]}` };
    const family = wide.length > 0 ? undefined : wideTogether(ranges);
    const [first] = ranges;
    if (family === undefined || first === undefined) continue;
    const message = `the IPv${family} ranges of this route are together wider than a /${least[family]}`;
    yield { manifest: first.manifest, path: ['spec', 'rules'], message };
  }
}

/** What is split over routes is told of the gateway they open, once. */
function* ofGateways(world: World): Iterable<Found> {
  for (const gateway of world.own('EgressGateway')) {
    const routes = topologyOf(world)
      .routesOf(gateway)
      .flatMap(({ route }) => (route.kind === 'EgressL4Route' ? [route as Item<'EgressL4Route'>] : []));
    const lists = rangeLists(world, routes);
    if (lists.some((ranges) => wideTogether(ranges) !== undefined)) continue;
    const family = wideTogether(lists.flat());
    if (family === undefined) continue;
    const message = `the IPv${family} ranges of its ${lists.length} routes are together wider than a /${least[family]}`;
    yield { manifest: gateway.manifest, path: [], message };
  }
}

// CEL has no powers: the size of a range by its length, from the widest that is allowed alone.
const sizes = Array.from({ length: 33 - least[4] }, (_, index) =>
  Number(sizeOf({ family: 4, prefix: least[4] + index })),
);
const uncounted = celList([...neverOpenCidrs, ...privateCidrs].filter((cidr) => !cidr.includes(':')));
const size = `!isCIDR(c) || cidr(c).ip().family() != 4 || cidr(c).prefixLength() < ${least[4]} || ${uncounted}.exists(p, cidr(p).containsCIDR(c)) ? 0 : ${JSON.stringify(sizes)}[cidr(c).prefixLength() - ${least[4]}]`;

export const broadRange: Rule = {
  id: 'broad-range',
  severity: 'error',
  title: 'A route that opens a large part of the internet by address',
  why: 'Ranges this wide, one alone or all of a route together, are allow-all in other words, and connections by address carry no name that policy or a reviewer could judge.',
  fix: 'Name the ranges of the service, or its hostnames.',
  promises: ['S52'],
  *check(world) {
    yield* ofRoutes(world);
    yield* ofGateways(world);
  },
  admission: [
    {
      resources: ['egressl4routes'],
      expression: everyCidr(
        `!isCIDR(c) || cidr(c).prefixLength() >= (cidr(c).ip().family() == 4 ? ${least[4]} : ${least[6]})`,
      ),
      message: `a range wider than a /${least[4]} (IPv6: /${least[6]}) is allow-all in other words: name the service's ranges or hostnames`,
    },
    {
      resources: ['egressl4routes'],
      expression: `${sumOverCidrs(size)} <= ${sizes[0]}`,
      message: `the ranges of a route are together wider than a /${least[4]}: name the service's ranges or hostnames`,
    },
  ],
};
