/** An agent can reach nothing although its gateway has routes. */
import { opensAll, opensAnything } from '../opening.ts';
import type { Rule } from '../rule.ts';
import { agentKinds, topologyOf, type AgentItem } from '../topology.ts';

export const agentReachesNothing: Rule = {
  id: 'agent-reaches-nothing',
  severity: 'error',
  title: 'An agent can reach nothing although its gateway has routes',
  why: 'None of the routes of its gateways opens anything for this agent: their sourceAgents do not select it, their ports are not those of the listeners they attach to, or they name no destination. Every call will be refused.',
  fix: 'Give the agent the labels the route selects, or widen the route.',
  *check(world) {
    const topology = topologyOf(world);
    for (const agent of agentKinds.flatMap((kind): readonly AgentItem[] => world.own(kind))) {
      const gateways = (agent.spec.egressRefs ?? []).flatMap(({ gatewayRef }) => {
        const gateway = world.find('EgressGateway', agent.namespace, gatewayRef);
        return gateway === undefined ? [] : [gateway];
      });
      if (gateways.some(opensAll)) continue;
      const routes = gateways.flatMap((gateway) => topology.routesOf(gateway));
      if (routes.length === 0 || routes.some((attached) => opensAnything(world, attached, agent))) continue;
      const names = gateways.map(({ name }) => name).join(', ');
      const message = `no route of ${names} opens anything for this agent (${routes.length} attached)`;
      yield { manifest: agent.manifest, path: ['spec', 'egressRefs'], message };
    }
  },
};
