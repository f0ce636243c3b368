/**
 * A DaemonAgent's status, pure. Its needs are checked and its revisions kept, but workers of this version do not run
 * daemons: it is never Ready, and says so at once rather than let a rollout wait for it.
 */
import { notEnforced } from '../../contract/index.ts';
import { egressFinding, poolFinding } from '../agent-needs.ts';
import type { Fault } from '../fault.ts';
import type { DaemonAgent, EgressGateway } from '../kind.ts';
import { previousConditions } from '../pending.ts';
import { revisionName } from '../revision.ts';
import { setConditions, summaryFindings, type Finding } from '../runtime/index.ts';

export interface DaemonObservation {
  readonly agent: DaemonAgent;
  readonly poolExists: boolean;
  /** Gateways that exist, by name. */
  readonly gateways: ReadonlyMap<string, EgressGateway>;
  readonly envProblem: string | undefined;
  /** A child could not be written: a person must mend it. */
  readonly fault: Fault | undefined;
  readonly now: number;
}

const { message, instead } = notEnforced.DaemonAgent;
export const daemonsNotEnforced = { reason: 'NotEnforced', message: `${message}. ${instead}` } as const;

export function daemonStatus(observation: DaemonObservation): object {
  const { agent, now } = observation;
  const generation = agent.metadata.generation ?? 0;
  const findings = [
    accepted(observation),
    poolFinding(agent, observation.poolExists),
    egressFinding(agent, observation.gateways),
    ...summaryFindings({ state: 'stalled', ...daemonsNotEnforced }),
  ];
  const conditions = setConditions(findings, { previous: previousConditions(agent), generation, now });
  return {
    observedGeneration: generation,
    phase: 'Stopped',
    restartCount: 0,
    latestCreatedRevisionName: revisionName(agent),
    conditions,
  };
}

function accepted({ fault, envProblem }: DaemonObservation): Finding {
  const type = 'Accepted';
  if (fault !== undefined) return { type, status: 'False', ...fault };
  if (envProblem !== undefined)
    return { type, status: 'False', reason: 'EnvUnresolved', message: envProblem };
  return { type, status: 'True', reason: 'SpecValid', message: '' };
}
