/**
 * A TaskAgent's status, pure: what it needs (pool, gateways, a revision that runs), whether it serves, and the cut-over
 * to the latest ready revision. Ready means that a call made now is answered: config is where the call will go.
 */
import { agentId, type WorkerStatus } from '../../contract/index.ts';
import { egressFinding, poolFinding } from '../agent-needs.ts';
import { gatewayNames } from '../compile/index.ts';
import { waitingReasons } from '../agentsandboxrevision/status.ts';
import type { AgentSandboxRevision, EgressGateway, TaskAgent } from '../kind.ts';
import { graceLeft, previousConditions } from '../pending.ts';
import {
  conditionOf,
  setConditions,
  summaryFindings,
  type Condition,
  type Finding,
  type Summary,
} from '../runtime/index.ts';
import { revisionName } from '../revision.ts';
import type { ScheduleVerdict } from './schedule-status.ts';

export interface AgentObservation {
  readonly agent: TaskAgent;
  readonly poolExists: boolean;
  /** Gateways that exist, by name. */
  readonly gateways: ReadonlyMap<string, EgressGateway>;
  readonly revisions: readonly AgentSandboxRevision[];
  readonly workers: readonly WorkerStatus[];
  /** Why the environment cannot be resolved, if so. */
  readonly envProblem: string | undefined;
  /** A child could not be written: a person must mend it. */
  readonly fault: { readonly reason: string; readonly message: string } | undefined;
  /** The revision is in a config that a live worker and every live ingress run. */
  readonly programmed: (revision: string) => boolean;
  readonly schedule: ScheduleVerdict;
  readonly now: number;
}

export interface AgentVerdict {
  readonly status: object;
  readonly latestReady: string | undefined;
  /** When time alone will change the verdict. */
  readonly requeueAfterMs: number | undefined;
}

export function agentVerdict(observation: AgentObservation): AgentVerdict {
  const { agent, workers, now } = observation;
  const generation = agent.metadata.generation ?? 0;
  const previous = previousConditions(agent);
  const created = revisionName(agent);
  const latestReady = cutOver(observation, created);
  const needs = [
    accepted(observation),
    poolFinding(agent, observation.poolExists),
    egressFinding(agent, observation.gateways),
    gatewaysProgrammed(observation),
  ];
  const revision = revisionReady(observation, created, latestReady);
  const { schedule } = observation;
  const findings = [...needs, revision, schedule.finding];
  const summary = summarize(findings, observation, latestReady);
  const conditions = setConditions([...findings, ...summaryFindings(summary)], { previous, generation, now });
  return {
    latestReady,
    requeueAfterMs: soonest(requeueIn(summary, previous, now), schedule.requeueAfterMs),
    status: {
      observedGeneration: generation,
      activeExecutions: activeOf(agent, workers),
      warmSandboxes: warmOf(agent, workers, latestReady),
      latestCreatedRevisionName: created,
      ...(latestReady === undefined ? {} : { latestReadyRevisionName: latestReady }),
      ...schedule.times,
      conditions,
    },
  };
}

function soonest(...waits: ReadonlyArray<number | undefined>): number | undefined {
  const known = waits.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The newest revision once it is ready; until then whatever served before, if it is still there. */
function cutOver({ agent, revisions }: AgentObservation, created: string): string | undefined {
  const current = revisions.find(({ metadata }) => metadata.name === created);
  if (current !== undefined && conditionOf(current, 'Ready')?.status === 'True') return created;
  const before = agent.status?.latestReadyRevisionName;
  return revisions.some(({ metadata }) => metadata.name === before) ? before : undefined;
}

function accepted({ fault, envProblem }: AgentObservation): Finding {
  const type = 'Accepted';
  if (fault !== undefined) return { type, status: 'False', ...fault };
  if (envProblem !== undefined) {
    return { type, status: 'False', reason: 'EnvUnresolved', message: envProblem };
  }
  return { type, status: 'True', reason: 'SpecValid', message: '' };
}

function gatewaysProgrammed({ agent, gateways }: AgentObservation): Finding {
  const type = 'GatewayReady';
  const missing = gatewayNames(agent).filter((name) => !gateways.has(name));
  if (missing.length > 0) {
    const message = `EgressGateway ${missing.join(', ')} does not exist`;
    return { type, status: 'False', reason: 'GatewayNotFound', message };
  }
  const waiting = [...gateways].filter(([, each]) => conditionOf(each, 'Programmed')?.status !== 'True');
  if (waiting.length === 0) return { type, status: 'True', reason: 'GatewayProgrammed', message: '' };
  const message = `EgressGateway ${waiting.map(([name]) => name).join(', ')} is not programmed yet`;
  return { type, status: 'False', reason: 'GatewayNotProgrammed', message };
}

function revisionReady(
  { revisions }: AgentObservation,
  created: string,
  latestReady: string | undefined,
): Finding {
  const type = 'RevisionReady';
  if (latestReady === created) {
    return { type, status: 'True', reason: 'RevisionReady', message: `${created} serves` };
  }
  const current = revisions.find(({ metadata }) => metadata.name === created);
  const ready = current === undefined ? undefined : conditionOf(current, 'Ready');
  const serving = latestReady === undefined ? '' : `; ${latestReady} serves until then`;
  const reason = ready?.reason ?? 'NoWorkersReady';
  const message = `${created}: ${ready?.message ?? 'no worker reports yet'}${serving}`;
  return { type, status: 'False', reason, message };
}

/** Faults a person must mend, by the condition that carries them. */
function mendable(finding: Finding): boolean {
  if (finding.type === 'Accepted') return true;
  if (finding.type === 'WorkerPoolReady' || finding.type === 'EgressConfigured') return true;
  return finding.type === 'RevisionReady' && !waitingReasons.has(finding.reason);
}

function summarize(
  findings: readonly Finding[],
  observation: AgentObservation,
  latestReady: string | undefined,
): Summary {
  const { agent, now } = observation;
  const failed = findings.find(
    (finding) =>
      finding.status !== 'True' && (finding.type !== 'Scheduled' || finding.reason === 'ParseError'),
  );
  if (failed !== undefined) {
    const { type, reason, message } = failed;
    const late = mendable(failed) && graceLeft(previousConditions(agent), type, now) === 0;
    return { state: late || type === 'Scheduled' ? 'stalled' : 'pending', reason, message };
  }
  if (latestReady !== undefined && isOnItsWay(observation, latestReady)) {
    const message = `${latestReady} is on its way to workers and ingress`;
    return { state: 'pending', reason: 'ConfigPending', message };
  }
  return { state: 'ready', reason: 'AgentReady', message: `${latestReady ?? ''} serves` };
}

function isOnItsWay({ agent, programmed }: AgentObservation, latestReady: string): boolean {
  const alreadyReady = conditionOf(agent, 'Ready')?.status === 'True';
  const same = agent.status?.latestReadyRevisionName === latestReady;
  return !(alreadyReady && same) && !programmed(latestReady);
}

function requeueIn(summary: Summary, previous: readonly Condition[], now: number): number | undefined {
  if (summary.state !== 'pending') return undefined;
  const types = ['Accepted', 'WorkerPoolReady', 'EgressConfigured', 'RevisionReady'];
  const grace = types.map((type) => graceLeft(previous, type, now)).filter((ms) => ms > 0);
  return Math.max(100, Math.min(...grace, 60_000) + 100);
}

function activeOf(agent: TaskAgent, workers: readonly WorkerStatus[]): number {
  const { namespace, name } = agent.metadata;
  const id = agentId({ kind: 'TaskAgent', namespace, name });
  return workers.reduce((sum, worker) => sum + (worker.inFlight[id] ?? 0), 0);
}

function warmOf(agent: TaskAgent, workers: readonly WorkerStatus[], revision: string | undefined): number {
  if (revision === undefined) return 0;
  const id = `${agent.metadata.namespace}/${revision}`;
  return workers.reduce((sum, worker) => sum + (worker.warm[id] ?? 0), 0);
}
