/**
 * A DaemonAgent's status, pure: what it needs, and what workers say of its one instance. Ready means that it runs as its spec says
 * now, or that it is as it should be without: suspended, or ended well and not to be started again.
 */
import { containmentOf, type DaemonStatusWord, type WorkerStatus } from '../../contract/index.ts';
import {
  acceptedFinding,
  cutOver,
  egressFinding,
  gatewayFinding,
  isMendable,
  poolFinding,
  revisionFinding,
} from '../agent-needs.ts';
import type { Fault } from '../fault.ts';
import type { AgentSandboxRevision, DaemonAgent, EgressGateway } from '../kind.ts';
import { graceLeft, previousConditions } from '../pending.ts';
import { revisionName } from '../revision.ts';
import { setConditions, summaryFindings, type Finding, type Summary } from '../runtime/index.ts';

export interface DaemonObservation {
  readonly agent: DaemonAgent;
  readonly poolExists: boolean;
  /** Gateways that exist, by name. */
  readonly gateways: ReadonlyMap<string, EgressGateway>;
  readonly revisions: readonly AgentSandboxRevision[];
  /** Live workers of the pools it may run on. */
  readonly workers: readonly WorkerStatus[];
  readonly envProblem: string | undefined;
  /** A child could not be written: a person must mend it. */
  readonly fault: Fault | undefined;
  readonly now: number;
}

export interface DaemonVerdict {
  readonly status: object;
  readonly phase: Phase;
  readonly latestReady: string | undefined;
  /** Nothing of an older revision runs any more. */
  readonly isTaken: boolean;
  readonly summary: Summary;
  readonly requeueAfterMs: number | undefined;
}

type Phase = 'Running' | 'Stopped' | 'CrashLoopBackOff';

/** What a worker says, and which. */
export interface DaemonWord extends DaemonStatusWord {
  readonly pod: string;
}

/** Whoever runs it knows best. */
const order = ['Running', 'Starting', 'CrashLoopBackOff', 'Stopped'] as const;

export function wordOfDaemon(id: string, workers: readonly WorkerStatus[]): DaemonWord | undefined {
  const words = workers.flatMap(({ pod, daemons }) => {
    const word = daemons?.[id];
    return word === undefined ? [] : [{ ...word, pod }];
  });
  return words.sort((a, b) => order.indexOf(a.phase) - order.indexOf(b.phase))[0];
}

export function daemonVerdict(observation: DaemonObservation, word: DaemonWord | undefined): DaemonVerdict {
  const { agent, now } = observation;
  const generation = agent.metadata.generation ?? 0;
  const previous = previousConditions(agent);
  const created = revisionName(agent);
  const latestReady = cutOver(observation, created);
  const needs = [
    acceptedFinding(observation),
    poolFinding(agent, observation.poolExists),
    egressFinding(agent, observation.gateways),
    gatewayFinding(agent, observation.gateways),
    revisionFinding(observation.revisions, created, latestReady),
  ];
  const summary = unmet(needs, observation) ?? ofInstance(observation, word, latestReady);
  const conditions = setConditions([...needs, ...summaryFindings(summary)], { previous, generation, now });
  const phase = phaseOf(word);
  return {
    ...{ phase, latestReady, summary },
    isTaken: stopOf(agent) !== undefined || word?.revision === latestReady,
    requeueAfterMs: summary.state === 'pending' ? graceRequeueIn(needs, observation) : undefined,
    status: {
      observedGeneration: generation,
      phase,
      ...(phase === 'Running' && word?.upSince !== undefined ? { upSince: iso(word.upSince) } : {}),
      restartCount: restartsOf(agent, word, latestReady),
      latestCreatedRevisionName: created,
      ...(latestReady === undefined ? {} : { latestReadyRevisionName: latestReady }),
      conditions,
    },
  };
}

/** What it needs and has not. */
function unmet(needs: readonly Finding[], { agent, now }: DaemonObservation): Summary | undefined {
  const failed = needs.find(({ status }) => status !== 'True');
  if (failed === undefined) return undefined;
  const { type, reason, message } = failed;
  const late = isMendable(failed) && graceLeft(previousConditions(agent), type, now) === 0;
  return { state: late ? 'stalled' : 'pending', reason, message };
}

function graceRequeueIn(needs: readonly Finding[], { agent, now }: DaemonObservation): number {
  const previous = previousConditions(agent);
  const grace = needs.map(({ type }) => graceLeft(previous, type, now)).filter((ms) => ms > 0);
  return Math.max(100, Math.min(...grace, 60_000) + 100);
}

/** Why it is not to run, by its manifest. */
function stopOf(agent: DaemonAgent): 'Suspended' | 'Contained' | undefined {
  if (agent.spec.suspend === true) return 'Suspended';
  return containmentOf(agent) === undefined ? undefined : 'Contained';
}

function ofInstance(
  { agent, workers }: DaemonObservation,
  word: DaemonWord | undefined,
  latestReady: string | undefined,
): Summary {
  const stop = stopOf(agent);
  if (stop !== undefined) return ofStopped(agent, stop, word);
  if (word === undefined) return nobody(agent, workers);
  if (word.revision !== latestReady) {
    const message = `${word.revision} is being replaced by ${latestReady ?? 'a new revision'}`;
    return { state: 'pending', reason: 'RollingOut', message };
  }
  return ofWord(agent, word);
}

function ofStopped(
  agent: DaemonAgent,
  reason: 'Suspended' | 'Contained',
  word: DaemonWord | undefined,
): Summary {
  if (word?.phase === 'Running' || word?.phase === 'Starting') {
    return { state: 'pending', reason: 'Stopping', message: `${word.pod} is ending it` };
  }
  return reason === 'Suspended'
    ? { state: 'ready', reason, message: 'stopped by spec.suspend' }
    : { state: 'stalled', reason, message: `stopped: contained ${containmentOf(agent) ?? ''}` };
}

function nobody(agent: DaemonAgent, workers: readonly WorkerStatus[]): Summary {
  const live = workers.filter(({ draining }) => !draining).length;
  const pool = `WorkerPool ${agent.spec.workerPoolRef}`;
  if (live === 0)
    return { state: 'pending', reason: 'NoWorkersReady', message: `${pool} has no live worker` };
  const message = `no worker of ${pool} runs it yet; after the loss of one another takes over within half a minute`;
  return { state: 'pending', reason: 'WaitingForWorker', message };
}

function ofWord(agent: DaemonAgent, word: DaemonWord): Summary {
  const { phase, pod, revision, invocation = '' } = word;
  switch (phase) {
    case 'Running': {
      const message = `${revision} runs on ${pod}, invocation ${invocation}`;
      return { state: 'ready', reason: 'Running', message };
    }
    case 'Starting':
      return { state: 'pending', reason: 'Starting', message: `${pod} is starting ${revision}` };
    case 'CrashLoopBackOff': {
      const message = `waiting to start it again, restart ${word.restarts}; last: ${endOf(word)}`;
      return { state: 'stalled', reason: 'CrashLoopBackOff', message };
    }
    case 'Stopped':
      return ofOver(agent, word);
    default:
      return phase satisfies never;
  }
}

function endOf({ lastEnd }: DaemonWord): string {
  return lastEnd?.message ?? lastEnd?.reason ?? 'it ended';
}

function ofOver(agent: DaemonAgent, word: DaemonWord): Summary {
  const reason = word.lastEnd?.reason ?? 'Stopped';
  return reason === 'Completed'
    ? { state: 'ready', reason, message: 'it ended with 0 and is not started again' }
    : { state: 'stalled', reason, message: `${endOf(word)}; ${whyNotAgain(agent)}` };
}

function whyNotAgain({ spec }: DaemonAgent): string {
  return spec.restartPolicy === 'Never'
    ? 'restartPolicy is Never'
    : `it was started again ${spec.maxRestarts ?? 0} times, which is maxRestarts`;
}

function phaseOf(word: DaemonWord | undefined): Phase {
  return word?.phase === 'Running' || word?.phase === 'CrashLoopBackOff' ? word.phase : 'Stopped';
}

/** While nobody speaks of it what was said last stands. */
function restartsOf(
  { status }: DaemonAgent,
  word: DaemonWord | undefined,
  latestReady: string | undefined,
): number {
  if (word !== undefined) return word.restarts;
  return status?.latestReadyRevisionName === latestReady ? (status?.restartCount ?? 0) : 0;
}

/** As the API server writes times: whole seconds. */
function iso(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
