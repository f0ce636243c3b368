/** The agents of a gateway that a route's selector chooses. None chosen is none, never everybody. */
import { agentId, matchesSelector, type LabelSelector } from '../../contract/index.ts';
import type { EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { agentsOfGateway, refOf } from './membership.ts';

export function sourceAgents(
  world: World,
  gateway: EgressGateway,
  selector: LabelSelector | undefined,
): { sourceAgents?: string[] } {
  if (selector === undefined) return {};
  const chosen = agentsOfGateway(world, gateway).filter(({ agent }) =>
    matchesSelector(selector, agent.metadata.labels ?? {}),
  );
  return { sourceAgents: chosen.map((member) => agentId(refOf(member))) };
}
