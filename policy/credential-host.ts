/** Where credentials go: the hosts each CredentialInjectionPolicy puts its Secret on, and whose they are. */
import { parse } from 'tldts';
import { parseHostname, providerHosts, providerOfHost, providers, type Provider } from '../contract/index.ts';
import { courseOfOthers } from '../decision/index.ts';
import { placesOfRule, upstreamOf } from './backend-use.ts';
import { openingsOf } from './opening.ts';
import { routeKinds, topologyOf, type CredentialItem, type RouteItem } from './topology.ts';
import { backendOf, type Item, type World } from './world.ts';

type Target = CredentialItem['spec']['targetRefs'][number];
type SendingRule = Pick<Item<'AIProviderRoute'>['spec']['rules'][number], 'backendRefs'>;

/** Whose a host is: its registrable domain, or the text itself where there is none. */
export function ownerOf(host: string): string {
  return parse(host.replace(/^\*\./, '')).domain ?? host;
}

/** The provider every one of the hosts belongs to, if there is one. */
export function commonProvider(hosts: readonly string[]): Provider | undefined {
  return providers.find((provider) => hosts.every((host) => providerHosts[provider].includes(host)));
}

/** Is this host one of those that are the provider's own? */
export function isHostOf(provider: string, host: string): boolean {
  const name = parseHostname(host);
  return name !== undefined && providerOfHost(name) === provider;
}

/** The Backends of a rule that exist, with their hosts. */
export function backendsOf(world: World, namespace: string, { backendRefs = [] }: SendingRule) {
  return backendRefs.flatMap((ref) => {
    const backend = backendOf(world, namespace, ref);
    const upstream = backend && upstreamOf(backend);
    return backend === undefined || upstream === undefined ? [] : [{ backend, host: upstream.host }];
  });
}

function providerRouteHosts(
  world: World,
  route: Item<'AIProviderRoute'>,
  section: string | undefined,
): string[] {
  return route.spec.rules.flatMap((rule) => {
    const backends = backendsOf(world, route.namespace, rule);
    if ((rule.backendRefs ?? []).length > 0) {
      return backends
        .filter(({ backend }) => section === undefined || backend.name === section)
        .map(({ host }) => host);
    }
    if (section !== undefined) return [];
    return (rule.matches ?? []).flatMap(({ provider }) => providerHosts[provider]);
  });
}

/** Does an MCPRoute leave some calls where the agent sent them? */
function staysHome(world: World, { namespace, spec: { rules = [] } }: Item<'MCPRoute'>): boolean {
  const clauses = rules.map((rule) => ({
    takesAll: (rule.matches ?? []).length === 0,
    course: (rule.backendRefs ?? []).length === 0 ? undefined : placesOfRule(world, namespace, rule),
  }));
  return clauses.some(({ course }) => course === undefined) || courseOfOthers(clauses) === undefined;
}

/** Of its own hosts only those that it leaves calls at. */
function mcpRouteHosts(world: World, route: Item<'MCPRoute'>, section: string | undefined): string[] {
  const { rules = [] } = route.spec;
  const backends = rules
    .flatMap((rule) => backendsOf(world, route.namespace, rule))
    .filter(({ backend }) => section === undefined || backend.name === section);
  const own = section === undefined && staysHome(world, route) ? openingsOf(world, route) : [];
  return [...own.flatMap(({ hostnames }) => hostnames), ...backends.map(({ host }) => host)];
}

function gatewayHosts(world: World, namespace: string, name: string): string[] {
  const gateway = world.find('EgressGateway', namespace, name);
  const routes = gateway === undefined ? [] : topologyOf(world).routesOf(gateway);
  return routes
    .flatMap(({ route }) => openingsOf(world, route))
    .flatMap(({ hostnames, cidrs }) => [...hostnames, ...cidrs]);
}

/** Hosts (and, for a gateway, ranges) the Secret of a policy goes to by one of its targets. */
export function hostsOfTarget(world: World, { namespace }: CredentialItem, target: Target): string[] {
  if (target.kind === 'EgressGateway') return [...new Set(gatewayHosts(world, namespace, target.name))];
  const kind = routeKinds.find((each) => each === target.kind);
  const route = kind === undefined ? undefined : world.find(kind, namespace, target.name);
  if (route === undefined) return [];
  return [...new Set(hostsOfRoute(world, route, target.sectionName))];
}

function hostsOfRoute(world: World, route: RouteItem, section: string | undefined): string[] {
  switch (route.kind) {
    case 'AIProviderRoute':
      return providerRouteHosts(world, route as Item<'AIProviderRoute'>, section);
    case 'MCPRoute':
      return mcpRouteHosts(world, route as Item<'MCPRoute'>, section);
    case 'EgressHTTPRoute':
    case 'EgressL4Route':
      return openingsOf(world, route).flatMap(({ hostnames }) => [...hostnames]);
    default:
      return route.kind satisfies never;
  }
}
