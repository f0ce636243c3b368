/**
 * What a route opens, as far as its manifest says: names, addresses and ports (design 4). For rules that ask "anything at
 * all?" and "on which port?"; what an agent can reach exactly is policy/reach, from the compiled documents.
 */
import {
  chooseListener,
  computeAction,
  parseCidr,
  parseHostnamePattern,
  providerHosts,
  providers,
  shapeOf,
  type GatewayListener,
  matchesSelector,
  type LabelSelector,
} from '../contract/index.ts';
import type { AgentItem, AttachedRoute, GatewayItem, RouteItem } from './topology.ts';
import type { Item, World } from './world.ts';

export interface Opening {
  readonly hostnames: readonly string[];
  readonly cidrs: readonly string[];
  /** Empty: every port. */
  readonly ports: ReadonlyArray<{ readonly start: number; readonly end: number }>;
  /** Undefined: every agent of the gateway. */
  readonly agents: LabelSelector | undefined;
}

const known = new WeakMap<RouteItem, readonly Opening[]>();

export function openingsOf(world: World, route: RouteItem): readonly Opening[] {
  const cached = known.get(route);
  if (cached !== undefined) return cached;
  const fresh = computeOpenings(world, route);
  known.set(route, fresh);
  return fresh;
}

function computeOpenings(world: World, route: RouteItem): Opening[] {
  switch (route.kind) {
    case 'EgressL4Route':
      return l4Openings(route as Item<'EgressL4Route'>);
    case 'AIProviderRoute':
      return providerOpenings(world, route as Item<'AIProviderRoute'>);
    case 'MCPRoute':
      return [opening((route as Item<'MCPRoute'>).spec.hostnames ?? [], 443)];
    default:
      return route.kind satisfies never;
  }
}

function l4Openings(route: Item<'EgressL4Route'>): Opening[] {
  const matches = route.spec.rules.flatMap((rule) => rule.matches ?? []);
  return matches.map((match) => ({
    hostnames: (match.destinationHostnames ?? []).filter((name) => parseHostnamePattern(name) !== undefined),
    cidrs: (match.destinationCIDRs ?? []).filter((cidr) => parseCidr(cidr) !== undefined),
    ports: (match.ports ?? []).map(({ port = 0, startPort = port, endPort = startPort }) => ({
      start: startPort,
      end: endPort,
    })),
    agents: match.sourceAgents,
  }));
}

function opening(hostnames: readonly string[], port: number): Opening {
  return { hostnames, cidrs: [], ports: [{ start: port, end: port }], agents: undefined };
}

function providerOpenings(world: World, route: Item<'AIProviderRoute'>): Opening[] {
  const names = new Set(
    route.spec.rules.flatMap((rule) => (rule.matches ?? []).map(({ provider }) => provider)),
  );
  const own = providers.filter((name) => names.has(name)).flatMap((name) => providerHosts[name]);
  const backends = route.spec.rules
    .flatMap((rule) => rule.backendRefs ?? [])
    .flatMap((ref) => {
      const upstream = world.find('Backend', route.namespace, ref.name)?.spec.upstream;
      return upstream === undefined ? [] : [opening([upstream.host], upstream.port ?? 443)];
    });
  return [...(own.length === 0 ? [] : [opening(own, 443)]), ...backends];
}

/** Does this route, attached like this, open anything for this agent? */
export function opensAnything(world: World, attached: AttachedRoute, agent: AgentItem): boolean {
  const ports = attached.listeners.flatMap(({ port }) => (port === undefined ? [] : [port]));
  const everyPort = !attached.narrowed || attached.listeners.some(({ port }) => port === undefined);
  return openingsOf(world, attached.route).some(
    (each) =>
      each.hostnames.length + each.cidrs.length > 0 &&
      (each.agents === undefined || matchesSelector(each.agents, agent.labels)) &&
      (everyPort ||
        each.ports.length === 0 ||
        ports.some((port) => each.ports.some((range) => within(port, range)))),
  );
}

function within(port: number, { start, end }: { readonly start: number; readonly end: number }): boolean {
  return port >= start && port <= end;
}

function gatewayListener({
  name,
  protocol,
  port,
  tls,
}: GatewayItem['spec']['listeners'][number]): GatewayListener[] {
  if (protocol === 'UDP') return [];
  const tlsMode = protocol === 'TLS' ? (tls?.mode ?? 'Passthrough') : 'Terminate';
  return [{ name, protocol, tlsMode, ...(port === undefined ? {} : { port }) }];
}

/** The listener that takes TLS on this port, when the gateway cannot look inside; undefined when it can. */
export function uninspectedListener(gateway: GatewayItem, port: number): string | undefined {
  const listeners = gateway.spec.listeners.flatMap(gatewayListener);
  const chosen = chooseListener(listeners, port);
  if (chosen === undefined) return undefined;
  return computeAction(shapeOf(chosen), 'tls') === 'terminate' ? undefined : chosen.name;
}
