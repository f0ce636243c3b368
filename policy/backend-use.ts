/** Which Backends are used, through which gateways, and whether a host can only be inside the cluster. */
import { isIP } from 'node:net';
import { parseCidr } from '../contract/index.ts';
import { privateIn } from './destination-range.ts';
import { openingsOf } from './opening.ts';
import { topologyOf, type GatewayItem } from './topology.ts';
import { backendOf, type Item, type World } from './world.ts';

export interface Upstream {
  /** Lower case. */
  readonly host: string;
  readonly port: number;
}

/** Undefined for a Backend that is no host. */
export function upstreamOf({ spec: { upstream } }: Item<'Backend'>): Upstream | undefined {
  return upstream && { host: upstream.host.toLowerCase().replace(/\.$/, ''), port: upstream.port ?? 443 };
}

/** Everywhere it is dialled: its own port, unless every reference to it names another. */
export function upstreamsOf(world: World, backend: Item<'Backend'>): Upstream[] {
  const own = upstreamOf(backend);
  if (own === undefined) return [];
  const refs = referencesTo(world, backend);
  const ports = refs.length === 0 ? [own.port] : refs.map(({ port = own.port }) => port);
  return [...new Set(ports)].map((port) => ({ host: own.host, port }));
}

function referencesTo(world: World, backend: Item<'Backend'>): ReadonlyArray<{ readonly port?: number }> {
  return world
    .all('AIProviderRoute')
    .flatMap(({ namespace, spec }) =>
      spec.rules
        .flatMap(({ backendRefs = [] }) => backendRefs)
        .filter((ref) => backendOf(world, namespace, ref) === backend),
    );
}

/** A name only a cluster's DNS answers, with a private address. */
export function isClusterHost(host: string): boolean {
  return (!host.includes('.') && isIP(host) === 0) || /\.(?:svc|cluster\.local)$/.test(host);
}

/** The gateways that send calls to a Backend. */
export function gatewaysUsing(world: World, backend: Item<'Backend'>): GatewayItem[] {
  const topology = topologyOf(world);
  const routes = world
    .all('AIProviderRoute')
    .filter((route) =>
      route.spec.rules.some(({ backendRefs = [] }) =>
        backendRefs.some((ref) => backendOf(world, route.namespace, ref) === backend),
      ),
    );
  return [...new Set(routes.flatMap((route) => topology.gatewaysOf(route)))];
}

function isPinned({ spec }: GatewayItem, host: string): boolean {
  return (spec.upstreamTLS?.hostAliases ?? []).some(({ hostnames = [] }) =>
    hostnames.some((name) => name.toLowerCase() === host),
  );
}

/** May this gateway dial the private address a name stands for? A pin says so, or an L4 route that names the range. */
export function opensPrivately(world: World, gateway: GatewayItem, { host, port }: Upstream): boolean {
  if (isPinned(gateway, host)) return true;
  return topologyOf(world)
    .routesOf(gateway)
    .filter(({ route }) => route.kind === 'EgressL4Route')
    .flatMap(({ route }) => openingsOf(world, route))
    .some(
      ({ cidrs, ports }) =>
        (ports.length === 0 || ports.some(({ start, end }) => port >= start && port <= end)) &&
        cidrs.some((text) => {
          const cidr = parseCidr(text);
          return cidr !== undefined && privateIn(cidr).length > 0;
        }),
    );
}
