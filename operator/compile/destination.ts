/**
 * What a gateway opens: L4 and HTTP routes as they stand, AIProviderRoutes as their provider's hosts on 443 and their
 * Backends' hosts on their ports.
 */
import {
  l4Opening,
  mcpOpening,
  narrowPorts,
  providerOpenings,
  type GatewayConfig,
  type RouteOpening,
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
import { httpDestinations } from './http-route.ts';
import { mcpHostnames } from './mcp-route.ts';
import { placesOf, resolveBackend } from './route-backend.ts';
import { compileFilters } from './route-filter.ts';
import { sourceAgents } from './source-agents.ts';
import { gatewayId } from './name.ts';

/** As `DestinationPolicy`, in the mutable form the documents' schema has. */
type DestinationPolicy = GatewayConfig['destinations'];
type DestinationRule = DestinationPolicy['rules'][number];
type DestinationDenial = NonNullable<DestinationPolicy['denials']>[number];

export function compileDestinations(
  world: World,
  gateway: EgressGateway,
  platformCidrs: readonly string[],
): DestinationPolicy {
  const l4 = attachedRoutes(world, gateway, kinds.egressL4Route);
  const provider = attachedRoutes(world, gateway, kinds.aiProviderRoute);
  const mcp = attachedRoutes(world, gateway, kinds.mcpRoute);
  const http = attachedRoutes(world, gateway, kinds.egressHttpRoute);
  return {
    ...defaultOf(gateway),
    rules: [
      ...l4.flatMap((attached) => openedRules(world, gateway, attached)),
      ...provider.flatMap((attached) => providerRules(world, attached)),
      ...mcp.flatMap(mcpRules),
      ...http.flatMap((attached) => httpDestinations(world, gateway, attached)),
    ],
    denials: l4.flatMap((attached) => denials(world, gateway, attached)),
    platformCidrs: [...platformCidrs],
  };
}

/** Workers let pass what the gateway audits, as they do under allow-all. Asking is beside deny-all: who does not know it denies. */
function defaultOf({
  spec,
}: EgressGateway): Pick<DestinationPolicy, 'defaultPolicy' | 'audit' | 'asksUnlisted'> {
  const { defaultPolicy = 'deny-all', enforcement, onUnlisted } = spec;
  if (defaultPolicy === 'allow-all') return { defaultPolicy };
  if (enforcement === 'Audit') return { defaultPolicy: 'allow-all', audit: true };
  return onUnlisted === 'Ask' ? { defaultPolicy, asksUnlisted: true } : { defaultPolicy };
}

/** Does the gateway ask about what no route opens? */
export function asksUnlisted(gateway: EgressGateway): boolean {
  return defaultOf(gateway).asksUnlisted === true;
}

function routeId(kind: string, route: EgressL4Route | AIProviderRoute | MCPRoute): string {
  return `${kind}/${route.metadata.namespace}/${route.metadata.name}`;
}

/** A rule with a filter that no gateway carries out, or of which no Backend is there, opens nothing. */
function openedRules(
  world: World,
  gateway: EgressGateway,
  attached: AttachedRoute<EgressL4Route>,
): DestinationRule[] {
  return attached.route.spec.rules.flatMap((rule) => {
    const route = { ...attached.route, kind: 'EgressL4Route', gateway: gatewayId(gateway) };
    const { unsupported, carried } = compileFilters(world, route, rule);
    const backends = placesOf(world, attached.route, rule);
    if (unsupported.length > 0 || backends?.length === 0) return [];
    const sent = backends === undefined ? {} : { backends };
    return l4Rules(world, gateway, attached, rule).map((each) => ({ ...each, ...carried, ...sent }));
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
  return [{ route: routeId('MCPRoute', route), ...mutable(mcpOpening(hostnames)), protocol: 'TCP' }];
}

function l4Rules(
  world: World,
  gateway: EgressGateway,
  attached: AttachedRoute<EgressL4Route>,
  rule: EgressL4Route['spec']['rules'][number],
): DestinationRule[] {
  return (rule.matches ?? []).flatMap((match) => {
    const opening = mutable(l4Opening(match));
    const ports = narrowPorts(attached, opening.ports);
    if (ports === undefined) return [];
    return [
      {
        route: routeId('EgressL4Route', attached.route),
        ...opening,
        ports,
        protocol: match.protocol ?? 'TCP',
        ...sourceAgents(world, gateway, match.sourceAgents),
      },
    ];
  });
}

/** As the documents' schema has it. */
function mutable({
  hostnames,
  cidrs,
  ports,
}: RouteOpening): Pick<DestinationRule, 'hostnames' | 'cidrs' | 'ports'> {
  return { hostnames: [...hostnames], cidrs: [...cidrs], ports: [...ports] };
}

function providerRules(world: World, attached: AttachedRoute<AIProviderRoute>): DestinationRule[] {
  const { route } = attached;
  const common = { route: routeId('AIProviderRoute', route), protocol: 'TCP' as const };
  const names = route.spec.rules.flatMap((rule) => (rule.matches ?? []).map((match) => match.provider));
  const backends = route.spec.rules.flatMap((rule) =>
    (rule.backendRefs ?? []).flatMap((ref) => {
      const resolved = resolveBackend(world, route, ref, 'api');
      return resolved.resolved ? [resolved.backend] : [];
    }),
  );
  return providerOpenings(names, backends).map((opening) => ({ ...common, ...mutable(opening) }));
}
