/**
 * The closed set of what each agent can reach, from the documents its worker and gateways run. What is not in it is
 * refused; nothing is sampled or guessed. Pure.
 */
import { accessesAt } from './access.ts';
import { agentsOf, reachKeyOf, type ReachAgent, type ReachDocuments } from './documents.ts';
import type { Access } from './outcome.ts';
import { partitionFor, regionsOf, type Region } from './partition.ts';

export type AccessRegion = Region<readonly Access[]>;

export interface AgentReach {
  /** `TaskAgent/ns/name` */
  readonly agent: string;
  readonly regions: readonly AccessRegion[];
  /** Gateways `ns/name` it refers to that do not exist here. */
  readonly missingGateways: readonly string[];
}

function regionsFor(agent: ReachAgent): AccessRegion[] {
  return regionsOf(partitionFor([agent]), {
    ask: (destination) => {
      const accesses = accessesAt(agent, destination);
      return accesses.length === 0 ? undefined : accesses;
    },
    keyOf: (accesses) => JSON.stringify(accesses),
  });
}

export function computeReach(documents: ReachDocuments): AgentReach[] {
  const known = new Map<string, AccessRegion[]>();
  return agentsOf(documents).map((agent) => {
    const key = reachKeyOf(agent);
    const regions = known.get(key) ?? regionsFor(agent);
    known.set(key, regions);
    return { agent: agent.id, regions, missingGateways: agent.missing };
  });
}
