/** Who may ask for a person's approval, by the objects that are there: an agent, and the rule of a route or the gateway itself. Pure. */
import type { ApprovalAsk } from '../../contract/index.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import type { Kind, World } from '../runtime/index.ts';
import { asksUnlisted } from './destination.ts';
import type { AnyAgent } from './membership.ts';
import { isLive } from './order.ts';

/** A Map, because the kind is a tenant's word: of an object, `constructor` would be one. */
const routeKinds = new Map<string, Kind<{ metadata: { deletionTimestamp?: string } }>>([
  ['MCPRoute', kinds.mcpRoute],
  ['EgressHTTPRoute', kinds.egressHttpRoute],
  ['AIProviderRoute', kinds.aiProviderRoute],
]);

export function agentOfAsk(
  world: World,
  namespace: string,
  { kind, name }: { readonly kind: string; readonly name: string },
): AnyAgent | undefined {
  const agents: Kind<AnyAgent> = kind === 'DaemonAgent' ? kinds.daemonAgent : kinds.taskAgent;
  const agent = world.get(agents, namespace, name);
  return agent !== undefined && isLive(agent) ? agent : undefined;
}

/** A route that is there; or the gateway itself, as long as it is to ask about what no route opens. */
export function isAsking(world: World, gateway: EgressGateway, rule: ApprovalAsk['route']): boolean {
  if (rule.kind === 'EgressGateway') {
    const { namespace, name } = gateway.metadata;
    return rule.namespace === namespace && rule.name === name && asksUnlisted(gateway);
  }
  const route = routeKinds.get(rule.kind);
  const found = route && world.get(route, rule.namespace, rule.name);
  return found !== undefined && found.metadata.deletionTimestamp === undefined;
}
