/**
 * A TaskAgent's status, pure: what it needs (pool, gateways, a revision that runs), whether it serves, and the cut-over
 * to the latest ready revision. Ready means that a call made now is answered: config is where the call will go.
 */
import { agentId, type WorkerStatus } from '../../contract/index.ts';
import {
  acceptedFinding,
  cutOver,
  egressFinding,
  gatewayFinding,
  isMendable,
  poolFinding,
  revisionFinding,
} from '../agent-needs.ts';
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
import { warmFinding } from './warm-status.ts';

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
  /** Of its event triggers; undefined: it has none. */
  readonly triggered?: Finding | undefined;
  readonly now: number;
}

export interface AgentVerdict {
  readonly status: object;
  readonly latestReady: string | undefined;
  /** How its started sandboxes wait, if it has any. */
  readonly warm: Finding | undefined;
  /** When time alone will change the verdict. */
  readonly requeueAfterMs: number | undefined;
}

/** A trigger nobody hears yet is looked at again: nothing tells when it is. */
const unheardMs = 2_000;

export function agentVerdict(observation: AgentObservation): AgentVerdict {
  const { agent, workers, now } = observation;
  const generation = agent.metadata.generation ?? 0;
  const previous = previousConditions(agent);
  const created = revisionName(agent);
  const latestReady = cutOver(observation, created);
  const needs = [
    acceptedFinding(observation),
    poolFinding(agent, observation.poolExists),
    egressFinding(agent, observation.gateways),
    gatewayFinding(agent, observation.gateways),
  ];
  const revision = revisionFinding(observation.revisions, created, latestReady);
  const { schedule } = observation;
  const { triggered } = observation;
  const findings = [...needs, revision, schedule.finding, ...(triggered === undefined ? [] : [triggered])];
  const summary = summarize(findings, observation, latestReady);
  const warm = warmFinding({ agent, workers, revision: latestReady });
  const told = [...findings, ...(warm === undefined ? [] : [warm]), ...summaryFindings(summary)];
  const conditions = setConditions(told, { previous, generation, now });
  return {
    latestReady,
    warm,
    requeueAfterMs: soonest(
      requeueIn(summary, previous, now),
      schedule.requeueAfterMs,
      triggered?.status === 'False' ? unheardMs : undefined,
    ),
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

function summarize(
  findings: readonly Finding[],
  observation: AgentObservation,
  latestReady: string | undefined,
): Summary {
  const { agent, now } = observation;
  const failed = findings.find(
    (finding) =>
      finding.status !== 'True' &&
      finding.type !== 'Triggered' &&
      (finding.type !== 'Scheduled' || finding.reason === 'ParseError'),
  );
  if (failed !== undefined) {
    const { type, reason, message } = failed;
    const late = isMendable(failed) && graceLeft(previousConditions(agent), type, now) === 0;
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
