/** A gateway that agents use has no route. */
import { opensAll } from '../opening.ts';
import type { Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';

export const gatewayOpensNothing: Rule = {
  id: 'gateway-opens-nothing',
  severity: 'warn',
  title: 'A gateway that agents use has no route',
  why: 'With deny-all and no route attached, every call of its agents is refused. That is safe, and rarely what was meant.',
  fix: 'Attach a route, or take the gateway out of egressRefs of agents that need nothing.',
  *check(world) {
    const topology = topologyOf(world);
    for (const gateway of world.own('EgressGateway')) {
      if (opensAll(gateway) || topology.routesOf(gateway).length > 0) continue;
      const agents = topology.agentsOf(gateway).length;
      if (agents === 0) continue;
      yield {
        manifest: gateway.manifest,
        path: [],
        message: `no route is attached, and ${agents} agent(s) use it`,
      };
    }
  },
};
