/** Which Backends are used, through which gateways, and whether a host can only be inside the cluster. */
import { isIP } from 'node:net';
import {
  cidrContains,
  isPlainUpstream,
  isPrivateAddress,
  parseCidr,
  parseIp,
  portOfUpstream,
} from '../contract/index.ts';
import { privateIn } from './destination-range.ts';
import { openingsOf } from './opening.ts';
import { topologyOf, type GatewayItem } from './topology.ts';
import { backendOf, type Item, type World } from './world.ts';

type BackendRef = NonNullable<Item<'AIProviderRoute'>['spec']['rules'][number]['backendRefs']>[number];

export interface Upstream {
  /** Lower case. */
  readonly host: string;
  readonly port: number;
}

/** Undefined for a Backend that is no host. */
export function upstreamOf({ spec: { upstream } }: Item<'Backend'>): Upstream | undefined {
  return upstream && { host: upstream.host.toLowerCase().replace(/\.$/, ''), port: portOfUpstream(upstream) };
}

/** Does it say that it has no TLS? */
export function isPlainBackend({ spec: { upstream = { host: '' } } }: Item<'Backend'>): boolean {
  return isPlainUpstream(upstream);
}

/** Where a rule sends, as a text: rules with one text send to one place, however their references are spelled. */
export function placesOfRule(
  world: World,
  namespace: string,
  { backendRefs = [] }: { readonly backendRefs?: readonly BackendRef[] | undefined },
): string {
  const places = backendRefs.map((ref) => {
    const backend = backendOf(world, namespace, ref);
    return [ref.name, ref.weight ?? 1, ref.port ?? (backend && upstreamOf(backend)?.port) ?? null];
  });
  return JSON.stringify(places);
}

/** Is it a place for bytes and calls of whatever name, and for nothing else? */
export function isPlaceAlone(world: World, backend: Item<'Backend'>): boolean {
  const uses = usesOf(world, backend);
  return uses.length > 0 && uses.every(({ route }) => route.kind === 'EgressL4Route');
}

/** Everywhere it is dialled: its own port, unless every reference to it names another. */
export function upstreamsOf(world: World, backend: Item<'Backend'>): Upstream[] {
  const own = upstreamOf(backend);
  if (own === undefined) return [];
  const uses = usesOf(world, backend);
  const ports = uses.length === 0 ? [own.port] : uses.map(({ ref: { port = own.port } }) => port);
  return [...new Set(ports)].map((port) => ({ host: own.host, port }));
}

const sendingKinds = ['AIProviderRoute', 'MCPRoute', 'EgressL4Route'] as const;
type SendingRoute = Item<(typeof sendingKinds)[number]>;

interface Use {
  readonly route: SendingRoute;
  readonly ref: { readonly port?: number | undefined };
}

/** Every reference of a route to the Backend. */
function usesOf(world: World, backend: Item<'Backend'>): Use[] {
  const routes = sendingKinds.flatMap((kind): readonly SendingRoute[] => world.all(kind));
  return routes.flatMap((route) => {
    const rules: ReadonlyArray<{ readonly backendRefs?: readonly BackendRef[] | undefined }> =
      route.spec.rules ?? [];
    return rules
      .flatMap(({ backendRefs = [] }) => backendRefs)
      .filter((ref) => backendOf(world, route.namespace, ref) === backend)
      .map((ref) => ({ route, ref }));
  });
}

/** A name only a cluster's DNS answers, with a private address. */
export function isClusterHost(host: string): boolean {
  return (!host.includes('.') && isIP(host) === 0) || /\.(?:svc|cluster\.local)$/.test(host);
}

/** A private address itself. */
export function isPrivateHost(host: string): boolean {
  const address = parseIp(host);
  return address !== undefined && isPrivateAddress(address);
}

/** The gateways that send calls to a Backend. */
export function gatewaysUsing(world: World, backend: Item<'Backend'>): GatewayItem[] {
  const topology = topologyOf(world);
  return [...new Set(usesOf(world, backend).flatMap(({ route }) => topology.gatewaysOf(route)))];
}

function pinsOf({ spec }: GatewayItem, host: string): string[] {
  return (spec.upstreamTLS?.hostAliases ?? [])
    .filter(({ hostnames = [] }) => hostnames.some((name) => name.toLowerCase() === host))
    .map(({ ip }) => ip);
}

/** Can a gateway that dials it there only meet private addresses? */
export function isDialledNear(gateway: GatewayItem, host: string): boolean {
  const pins = pinsOf(gateway, host);
  return pins.length === 0 ? isClusterHost(host) : pins.every(isPrivateHost);
}

/** May this gateway dial a private address, or the one a name stands for? A pin says so, or an L4 route that names the range. */
export function opensPrivately(world: World, gateway: GatewayItem, { host, port }: Upstream): boolean {
  if (pinsOf(gateway, host).length > 0) return true;
  const address = parseIp(host);
  return topologyOf(world)
    .routesOf(gateway)
    .filter(({ route }) => route.kind === 'EgressL4Route')
    .flatMap(({ route }) => openingsOf(world, route))
    .some(
      ({ cidrs, ports }) =>
        (ports.length === 0 || ports.some(({ start, end }) => port >= start && port <= end)) &&
        cidrs.some((text) => {
          const cidr = parseCidr(text);
          if (cidr === undefined) return false;
          return address === undefined ? privateIn(cidr).length > 0 : cidrContains(cidr, address);
        }),
    );
}
