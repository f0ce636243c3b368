/**
 * What a gateway opens: L4 routes as they stand, AIProviderRoutes as their provider's hosts on 443 and their
 * Backends' hosts on their ports (design 4). An empty sourceAgents selection opens for nobody, never for everybody.
 */
import {
  agentId,
  providerHosts,
  providers,
  type GatewayConfig,
  matchesSelector,
  type LabelSelector,
} from '../../contract/index.ts';
import {
  kinds,
  type AIProviderRoute,
  type EgressGateway,
  type EgressL4Route,
  type MCPRoute,
} from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { attachedRoutes, type AttachedRoute } from './attachment.ts';
import { denialAt } from './denial.ts';
import { mcpHostnames } from './mcp-route.ts';
import { agentsOfGateway } from './membership.ts';
import { resolveBackend } from './provider-route.ts';
import { compileFilters } from './route-filter.ts';

/** As `DestinationPolicy`, in the mutable form the documents' schema has. */
type DestinationPolicy = GatewayConfig['destinations'];
type DestinationRule = DestinationPolicy['rules'][number];
type DestinationDenial = NonNullable<DestinationPolicy['denials']>[number];
type PortRange = DestinationRule['ports'][number];
type L4Match = NonNullable<EgressL4Route['spec']['rules'][number]['matches']>[number];

export function compileDestinations(
  world: World,
  gateway: EgressGateway,
  platformCidrs: readonly string[],
): DestinationPolicy {
  const l4 = attachedRoutes(world, gateway, kinds.egressL4Route);
  const provider = attachedRoutes(world, gateway, kinds.aiProviderRoute);
  const mcp = attachedRoutes(world, gateway, kinds.mcpRoute);
  return {
    defaultPolicy: gateway.spec.defaultPolicy ?? 'deny-all',
    rules: [
      ...l4.flatMap((attached) => openedRules(world, gateway, attached)),
      ...provider.flatMap((attached) => providerRules(world, attached)),
      ...mcp.flatMap(mcpRules),
    ],
    denials: l4.flatMap((attached) => denials(world, gateway, attached)),
    platformCidrs: [...platformCidrs],
  };
}

function routeId(kind: string, route: EgressL4Route | AIProviderRoute | MCPRoute): string {
  return `${kind}/${route.metadata.namespace}/${route.metadata.name}`;
}

/** A rule with a filter or backendRefs that no gateway carries out opens nothing. */
function openedRules(
  world: World,
  gateway: EgressGateway,
  attached: AttachedRoute<EgressL4Route>,
): DestinationRule[] {
  return attached.route.spec.rules.flatMap((rule) => {
    const { unsupported, logging } = compileFilters(world, attached.route, rule);
    if (unsupported.length > 0) return [];
    return l4Rules(world, gateway, attached, rule).map((each) => ({ ...each, ...logging }));
  });
}

/** What an EgressDenyPolicy takes away is all the route names, carried out or not. */
function denials(
  world: World,
  gateway: EgressGateway,
  attached: AttachedRoute<EgressL4Route>,
): DestinationDenial[] {
  const answer = denialAt(world, 'EgressL4Route', attached.route);
  if (answer === undefined) return [];
  const policy = `${answer.policy.namespace}/${answer.policy.name}`;
  return attached.route.spec.rules
    .flatMap((rule) => l4Rules(world, gateway, attached, rule))
    .map((each) => ({ ...each, policy }));
}

function mcpRules({ route }: AttachedRoute<MCPRoute>): DestinationRule[] {
  const hostnames = mcpHostnames(route);
  if (hostnames.length === 0) return [];
  const ports = [{ start: 443, end: 443 }];
  return [{ route: routeId('MCPRoute', route), hostnames, cidrs: [], ports, protocol: 'TCP' }];
}

function l4Rules(
  world: World,
  gateway: EgressGateway,
  attached: AttachedRoute<EgressL4Route>,
  rule: EgressL4Route['spec']['rules'][number],
): DestinationRule[] {
  return (rule.matches ?? []).flatMap((match) => {
    const ports = narrow(attached, (match.ports ?? []).flatMap(portRange));
    if (ports === undefined) return [];
    return [
      {
        route: routeId('EgressL4Route', attached.route),
        hostnames: [...(match.destinationHostnames ?? [])].map((name) => name.toLowerCase()),
        cidrs: [...(match.destinationCIDRs ?? [])],
        ports,
        protocol: match.protocol ?? 'TCP',
        ...sourceAgents(world, gateway, match.sourceAgents),
      },
    ];
  });
}

function portRange(port: NonNullable<L4Match['ports']>[number]): PortRange[] {
  if (port.port !== undefined) return [{ start: port.port, end: port.port }];
  if (port.startPort === undefined) return [];
  return [{ start: port.startPort, end: port.endPort ?? port.startPort }];
}

/** A route attached to named listeners opens only their ports; undefined: nothing is left. */
function narrow(
  attached: AttachedRoute<EgressL4Route>,
  ports: readonly PortRange[],
): PortRange[] | undefined {
  const usable = attached.listeners.filter((listener) => listener.protocol !== 'UDP');
  if (usable.length === 0) return undefined;
  if (!attached.narrowed || usable.some((listener) => listener.port === undefined)) return [...ports];
  const own = usable.flatMap((listener) => (listener.port === undefined ? [] : [listener.port]));
  const open = own.filter(
    (port) => ports.length === 0 || ports.some((range) => port >= range.start && port <= range.end),
  );
  return open.length === 0 ? undefined : open.map((port) => ({ start: port, end: port }));
}

function sourceAgents(
  world: World,
  gateway: EgressGateway,
  selector: LabelSelector | undefined,
): Pick<DestinationRule, 'sourceAgents'> {
  if (selector === undefined) return {};
  const chosen = agentsOfGateway(world, gateway).filter((agent) =>
    matchesSelector(selector, agent.metadata.labels ?? {}),
  );
  const ids = chosen.map(({ metadata }) =>
    agentId({ kind: 'TaskAgent', namespace: metadata.namespace, name: metadata.name }),
  );
  return { sourceAgents: ids };
}

function providerRules(world: World, attached: AttachedRoute<AIProviderRoute>): DestinationRule[] {
  const { route } = attached;
  const common = { route: routeId('AIProviderRoute', route), cidrs: [], protocol: 'TCP' as const };
  const names = new Set(
    route.spec.rules.flatMap((rule) => (rule.matches ?? []).map((match) => match.provider)),
  );
  const hostnames = providers.filter((name) => names.has(name)).flatMap((name) => providerHosts[name]);
  const own: DestinationRule[] =
    hostnames.length === 0 ? [] : [{ ...common, hostnames, ports: [{ start: 443, end: 443 }] }];
  const backends = route.spec.rules.flatMap((rule) => rule.backendRefs ?? []);
  const opened = backends.flatMap((ref) => {
    const resolved = resolveBackend(world, route, ref);
    if (!resolved.resolved) return [];
    const { host, port } = resolved.backend;
    return [{ ...common, hostnames: [host], ports: [{ start: port, end: port }] }];
  });
  const seen = new Set<string>();
  return [...own, ...opened].filter((rule) => {
    const key = JSON.stringify([rule.hostnames, rule.ports]);
    return seen.has(key) ? false : seen.add(key);
  });
}
