/**
 * The closed set of what each agent can reach, from the documents its worker and gateways run. What is not in it is
 * refused; nothing is sampled or guessed. Pure.
 */
import { Describer } from './describe.ts';
import type { StandingAnswer } from '../../decision/index.ts';
import { agentsOf, reachKeyOf, type ReachAgent, type ReachDocuments } from './documents.ts';
import { partitionFor, regionsOf, type Region } from './partition.ts';
import type { Access } from './permit.ts';
import { spotsAt } from './spot.ts';
import { standingOf } from './standing.ts';

export type AccessRegion = Region<readonly Access[]>;

export interface AgentReach {
  /** `TaskAgent/ns/name` */
  readonly agent: string;
  readonly regions: readonly AccessRegion[];
  /** Gateways `ns/name` it refers to that do not exist here. */
  readonly missingGateways: readonly string[];
  /** Subjects of events that set it off. */
  readonly setOffBy: readonly string[];
  /** Calls that need no person's answer now, of those that otherwise wait for one. */
  readonly standing: readonly StandingAnswer[];
}

function regionsFor(agent: ReachAgent, describer: Describer): AccessRegion[] {
  return regionsOf(partitionFor([agent]), {
    ask: (destination) => {
      const found = spotsAt(agent, destination).map((spot) => describer.describe(spot));
      const accesses = found.filter((access) => access !== undefined);
      return accesses.length === 0 ? undefined : accesses;
    },
    keyOf: (accesses) => JSON.stringify(accesses),
  });
}

/** `describer`: kept by who asks about many sets that are ruled alike. */
export function computeReach(documents: ReachDocuments, describer = new Describer()): AgentReach[] {
  const known = new Map<string, AccessRegion[]>();
  return agentsOf(documents).map((agent) => {
    const key = reachKeyOf(agent);
    const regions = known.get(key) ?? regionsFor(agent, describer);
    known.set(key, regions);
    const setOffBy = documents.heard?.get(agent.id) ?? [];
    const standing = standingOf(agent, documents);
    return { agent: agent.id, regions, missingGateways: agent.missing, setOffBy, standing };
  });
}
