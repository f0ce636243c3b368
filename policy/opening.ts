/**
 * What a route opens, as far as its manifest says: names, addresses and ports. For rules that ask "anything at
 * all?" and "on which port?"; what an agent can reach exactly is policy/reach, from the compiled documents.
 */
import {
  chooseListener,
  computeAction,
  gatewayListener,
  httpOpening,
  l4Opening,
  matchesSelector,
  mcpOpening,
  narrowPorts,
  parseCidr,
  parseHostnamePattern,
  providerOpenings,
  shapeOf,
  portOfUpstream,
  type LabelSelector,
  type PortRange,
} from '../contract/index.ts';
import type { AgentItem, AttachedRoute, GatewayItem, RouteItem } from './topology.ts';
import { backendOf, type Item, type World } from './world.ts';

export interface Opening {
  readonly hostnames: readonly string[];
  readonly cidrs: readonly string[];
  /** Empty: every port. */
  readonly ports: readonly PortRange[];
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
      return providerRouteOpenings(world, route as Item<'AIProviderRoute'>);
    case 'MCPRoute':
      return [{ ...mcpOpening((route as Item<'MCPRoute'>).spec.hostnames ?? []), agents: undefined }];
    case 'EgressHTTPRoute': {
      const { spec } = route as Item<'EgressHTTPRoute'>;
      return [{ ...httpOpening(spec), agents: spec.sourceAgents }];
    }
    default:
      return route.kind satisfies never;
  }
}

function l4Openings(route: Item<'EgressL4Route'>): Opening[] {
  const matches = route.spec.rules.flatMap((rule) => rule.matches ?? []);
  return matches.map((match) => {
    const { hostnames, cidrs, ports } = l4Opening(match);
    return {
      hostnames: hostnames.filter((name) => parseHostnamePattern(name) !== undefined),
      cidrs: cidrs.filter((cidr) => parseCidr(cidr) !== undefined),
      ports,
      agents: match.sourceAgents,
    };
  });
}

function providerRouteOpenings(world: World, route: Item<'AIProviderRoute'>): Opening[] {
  const names = route.spec.rules.flatMap((rule) => (rule.matches ?? []).map(({ provider }) => provider));
  const backends = route.spec.rules
    .flatMap((rule) => rule.backendRefs ?? [])
    .flatMap((ref) => {
      const upstream = backendOf(world, route.namespace, ref)?.spec.upstream;
      return upstream === undefined
        ? []
        : [{ host: upstream.host, port: ref.port ?? portOfUpstream(upstream) }];
    });
  return providerOpenings(names, backends).map((opening) => ({ ...opening, agents: undefined }));
}

/** Does the gateway let pass what no route opens: for good, for an audit, or where a person allows it? */
export function opensAll({ spec }: GatewayItem): boolean {
  return spec.defaultPolicy === 'allow-all' || spec.enforcement === 'Audit' || spec.onUnlisted === 'Ask';
}

/** Does this route, attached like this, open anything for this agent? */
export function opensAnything(world: World, attached: AttachedRoute, agent: AgentItem): boolean {
  return openingsOf(world, attached.route).some(
    (each) =>
      each.hostnames.length + each.cidrs.length > 0 &&
      (each.agents === undefined || matchesSelector(each.agents, agent.labels)) &&
      narrowPorts(attached, each.ports) !== undefined,
  );
}

/** The listener that takes TLS on this port, when the gateway cannot look inside; undefined when it can. */
export function uninspectedListener(gateway: GatewayItem, port: number): string | undefined {
  const listeners = gateway.spec.listeners.flatMap(gatewayListener);
  const chosen = chooseListener(listeners, port);
  if (chosen === undefined) return undefined;
  return computeAction(shapeOf(chosen), 'tls') === 'terminate' ? undefined : chosen.name;
}
