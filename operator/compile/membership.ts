/** Who belongs to whom: agents of a pool, agents and pools of a gateway. All references are within one namespace. */
import { containmentOf } from '../../contract/index.ts';
import { kinds, type DaemonAgent, type EgressGateway, type TaskAgent, type WorkerPool } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { isLive } from './order.ts';

export type AnyAgent = TaskAgent | DaemonAgent;

/** One that is contained has none: no gateway takes its connections, and those under way end. */
export function gatewayNames(agent: AnyAgent): readonly string[] {
  if (containmentOf(agent) !== undefined) return [];
  return [...new Set((agent.spec.egressRefs ?? []).map((ref) => ref.gatewayRef))];
}

export function agentsOfGateway(world: World, gateway: EgressGateway): readonly TaskAgent[] {
  return world
    .list(kinds.taskAgent, gateway.metadata.namespace)
    .filter((agent) => isLive(agent) && gatewayNames(agent).includes(gateway.metadata.name));
}

export function agentsOfPool(world: World, pool: WorkerPool): readonly TaskAgent[] {
  return world
    .list(kinds.taskAgent, pool.metadata.namespace)
    .filter((agent) => isLive(agent) && agent.spec.workerPoolRef === pool.metadata.name);
}

/** Pools whose workers bring traffic to this gateway. */
export function poolsOfGateway(world: World, gateway: EgressGateway): readonly string[] {
  return [...new Set(agentsOfGateway(world, gateway).map((agent) => agent.spec.workerPoolRef))].sort();
}

/** The gateways of an agent that exist, by name. */
export function existingGateways(world: World, agent: AnyAgent): ReadonlyMap<string, EgressGateway> {
  const found = gatewayNames(agent).flatMap((name) => {
    const gateway = world.get(kinds.egressGateway, agent.metadata.namespace, name);
    return gateway !== undefined && isLive(gateway) ? [[name, gateway] as const] : [];
  });
  return new Map(found);
}
