/**
 * Cuts everything an agent could dial into cells within which the documents cannot tell two destinations apart, asks
 * about one destination of each cell, and joins the cells that came out alike. Exact because every rule is constant in
 * every cell; test/policy/reach holds it to that. With two sets of documents it cuts by both, which is how a diff works.
 */
import {
  embeddedV4Cidrs,
  parseCidr,
  parseHostnamePattern,
  parseIp,
  providerHosts,
  providers,
  reservedCidrs,
  type DestinationRule,
  type RouteBackend,
} from '../../contract/index.ts';
import type { AgentGateway, ReachAgent } from './documents.ts';
import { classifyNames, describeNames, type NameClass, type NameSet } from './name-class.ts';
import type { ReachDestination } from './spot.ts';
import {
  joinRanges,
  rangeOfCidr,
  renderAddress,
  renderAddressSet,
  splitRange,
  wholeFamily,
  type AddressRange,
  type AddressSet,
  type Family,
  type Range,
} from './range.ts';

export interface DestinationSet extends NameSet {
  readonly addresses: AddressSet;
}

export interface PortSpan {
  readonly start: number;
  readonly end: number;
}

export interface Partition {
  readonly names: readonly NameClass[];
  readonly addresses: readonly AddressRange[];
  readonly ports: readonly PortSpan[];
}

export interface Region<T> {
  readonly destinations: DestinationSet;
  /** In order, none twice. */
  readonly ports: readonly PortSpan[];
  readonly value: T;
}

/** What opens and what denies: a cut either way. */
function rulesOf({ destinations, document }: AgentGateway): DestinationRule[] {
  const denied = (document.httpRoutes ?? []).flatMap(({ denial }) => denial?.at ?? []);
  return [
    ...[destinations, document.destinations].flatMap(({ rules, denials = [] }) => [...rules, ...denials]),
    ...denied,
  ];
}

function backendsOf({ document }: AgentGateway): RouteBackend[] {
  const { providerRoutes, providerDenials = [], mcpRoutes = [] } = document;
  const routes = [...providerRoutes, ...providerDenials, ...mcpRoutes, document.destinations];
  return routes.flatMap(({ rules }) =>
    rules.flatMap((rule: { readonly backends?: readonly RouteBackend[] }) => rule.backends ?? []),
  );
}

function namesOf({ gateways }: ReachAgent): string[] {
  return gateways.flatMap((gateway) => [
    ...rulesOf(gateway).flatMap((rule) => rule.hostnames),
    ...backendsOf(gateway).map(({ host }) => host),
    ...(gateway.document.mcpRoutes ?? []).flatMap((route) => [
      ...route.hostnames,
      ...route.rules.flatMap(({ matches }) => matches.flatMap(({ servers }) => servers)),
    ]),
    ...gateway.index.pins.keys(),
  ]);
}

function addressCutsOf(agents: readonly ReachAgent[]): string[] {
  const gateways = agents.flatMap((agent) => agent.gateways);
  const policies = gateways.flatMap(({ destinations, document }) => [destinations, document.destinations]);
  return [
    ...gateways.flatMap(rulesOf).flatMap(({ cidrs }) => cidrs),
    ...policies.flatMap(({ platformCidrs }) => platformCidrs),
  ];
}

// Most agents write no address: a thousand of them are cut alike. One is kept, so that memory stays bounded.
let cutLast: { readonly key: string; readonly addresses: readonly AddressRange[] } | undefined;

function cutAddresses(texts: readonly string[]): readonly AddressRange[] {
  const key = [...new Set(texts)].sort().join(' ');
  if (cutLast?.key === key) return cutLast.addresses;
  const written = [...texts, ...embeddedV4Cidrs].map(parseCidr).filter((each) => each !== undefined);
  const cuts = [...reservedCidrs, ...written].map(rangeOfCidr);
  const addresses = ([4, 6] as const).flatMap((family) =>
    splitRange(
      wholeFamily(family),
      cuts.filter((cut) => cut.family === family),
    )
      .map((range) => ({ family, ...range }))
      .filter(isItself),
  );
  cutLast = { key, addresses };
  return addresses;
}

/** IPv6 spellings of IPv4 addresses are those addresses, and told there. */
function isItself({ family, first }: AddressRange): boolean {
  return parseIp(renderAddress(family, first))?.family === family;
}

function portCuts({ gateways }: ReachAgent): Range[] {
  const spans = gateways.flatMap((gateway) => [
    ...rulesOf(gateway).flatMap(({ ports }) => ports),
    ...gateway.document.listeners.flatMap(({ port }) =>
      port === undefined ? [] : [{ start: port, end: port }],
    ),
    ...backendsOf(gateway).map(({ port }) => ({ start: port, end: port })),
  ]);
  return spans.map(rangeOfPorts);
}

function rangeOfPorts({ start, end }: PortSpan): Range {
  return { first: BigInt(start), last: BigInt(end) };
}

/** Where else the space is to be cut. */
export interface Cuts {
  readonly hostnames: readonly string[];
  readonly cidrs: readonly string[];
  readonly ports: readonly PortSpan[];
}

const noCuts: Cuts = { hostnames: [], cidrs: [], ports: [] };

/** Several agents: the same agent in several sets of documents. */
export function partitionFor(agents: readonly ReachAgent[], more: Cuts = noCuts): Partition {
  const patterns = [
    ...agents.flatMap(namesOf),
    ...more.hostnames,
    ...providers.flatMap((each) => providerHosts[each]),
  ];
  const all = { first: 1n, last: 65_535n };
  return {
    names: classifyNames(patterns.map(parseHostnamePattern).filter((each) => each !== undefined)),
    addresses: cutAddresses([...addressCutsOf(agents), ...more.cidrs]),
    ports: splitRange(all, [...agents.flatMap(portCuts), ...more.ports.map(rangeOfPorts)]).map(
      ({ first, last }) => ({
        start: Number(first),
        end: Number(last),
      }),
    ),
  };
}

interface Cell<T> {
  readonly at: NameClass | AddressRange;
  /** Runs of ports with one value. */
  readonly runs: ReadonlyArray<{ readonly ports: PortSpan[]; readonly key: string; readonly value: T }>;
}

function probeOf(at: NameClass | AddressRange): Omit<ReachDestination, 'port'> {
  if ('kind' in at) return { hostname: at.probe };
  return { ip: renderAddress(at.family, at.first) };
}

export interface Question<T> {
  /** Undefined: nothing to tell of this destination. */
  readonly ask: (destination: ReachDestination) => T | undefined;
  /** Equal texts mean equal values. */
  readonly keyOf: (value: T) => string;
}

function askAll<T>(at: NameClass | AddressRange, ports: readonly PortSpan[], question: Question<T>): Cell<T> {
  const probe = probeOf(at);
  const runs = new Map<string, { ports: PortSpan[]; key: string; value: T }>();
  for (const span of ports) {
    const value = question.ask({ ...probe, port: span.start });
    if (value === undefined) continue;
    const key = question.keyOf(value);
    const run = runs.get(key) ?? { ports: [], key, value };
    const before = run.ports.at(-1);
    if (before !== undefined && before.end + 1 === span.start) {
      run.ports[run.ports.length - 1] = { start: before.start, end: span.end };
    } else run.ports.push(span);
    runs.set(key, run);
  }
  return { at, runs: [...runs.values()] };
}

function describe(partition: Partition, places: ReadonlySet<NameClass | AddressRange>): DestinationSet {
  const names = partition.names.filter((each) => places.has(each));
  const sets = ([4, 6] as const).map((family: Family) => {
    const inside = partition.addresses.filter((each) => each.family === family && places.has(each));
    return renderAddressSet(family, joinRanges(inside));
  });
  return {
    ...describeNames(partition.names, new Set(names)),
    addresses: {
      cidrs: sets.flatMap(({ cidrs }) => cidrs),
      except: sets.flatMap(({ except }) => except),
    },
  };
}

/** Every destination for which there is something to tell, each in exactly one region. */
export function regionsOf<T>(partition: Partition, question: Question<T>): Region<T>[] {
  const groups = new Map<string, { ports: PortSpan[]; value: T; places: Set<NameClass | AddressRange> }>();
  for (const at of [...partition.names, ...partition.addresses]) {
    for (const { ports, key, value } of askAll(at, partition.ports, question).runs) {
      const group = JSON.stringify([ports, key]);
      const known = groups.get(group) ?? { ports, value, places: new Set() };
      known.places.add(at);
      groups.set(group, known);
    }
  }
  return [...groups.values()].map(({ ports, value, places }) => ({
    destinations: describe(partition, places),
    ports,
    value,
  }));
}
