/**
 * What has become of a daemon: what an end of a run means for the next start, by its restart policy and by how often it ended
 * before. Pure. What the platform ends (a hand-over, a new revision, a lost worker) is not the agent's doing and is not counted.
 */
import {
  newDaemonLease,
  type DaemonEnd,
  type DaemonLease,
  type DaemonRestarts,
} from '../../contract/index.ts';

/** How it is to run. */
export interface DaemonTerms extends DaemonRestarts {
  readonly revision: string;
}

export interface RunEnd extends DaemonEnd {
  /** How long its agent ran. */
  readonly upMs: number;
  /** It was written down and not begun: nothing has ended. */
  readonly isNotBegun?: true;
}

/** As Kubernetes waits between restarts of a container. */
const firstWaitMs = 10_000;
const longestWaitMs = 5 * 60_000;
/** It ran well: what was before is forgotten. */
const wellMs = 10 * 60_000;

/** Of this revision; of another nothing follows for it. */
export function lifeOf(lease: DaemonLease, revision: string): DaemonLease {
  if (lease.revision === revision) return lease;
  const { holder, run } = lease;
  return {
    ...newDaemonLease,
    revision,
    ...(holder === undefined ? {} : { holder }),
    ...(run === undefined ? {} : { run }),
  };
}

/** Between the last end and the next start. */
export function waitMsOf({ failures }: DaemonLease): number {
  return failures === 0 ? 0 : Math.min(firstWaitMs * 2 ** Math.min(failures - 1, 10), longestWaitMs);
}

/** The record without the run that has ended. `terms` of another revision, or none: what it was run for is over anyway. */
export function afterEnd(lease: DaemonLease, end: RunEnd, terms: DaemonTerms | undefined): DaemonLease {
  const { run: _run, ...rest } = lease;
  if (end.isNotBegun === true) return rest;
  const { upMs: _upMs, isNotBegun: _begun, ...lastEnd } = end;
  const told: DaemonLease = { ...rest, lastEnd };
  if (terms?.revision !== lease.revision) return told;
  if (terms.restartPolicy === 'Never') return { ...told, over: true };
  const own = ownEnd(end);
  if (own === undefined) return told;
  if (own.succeeded && terms.restartPolicy === 'OnFailure') return { ...told, over: true };
  if (terms.maxRestarts > 0 && lease.restarts >= terms.maxRestarts) return { ...told, over: true };
  return { ...told, restarts: lease.restarts + 1, failures: own.failures(lease.failures) };
}

interface OwnEnd {
  readonly succeeded: boolean;
  readonly failures: (before: number) => number;
}

/** Undefined: the platform's doing. */
function ownEnd({ reason, upMs }: RunEnd): OwnEnd | undefined {
  switch (reason) {
    case 'Completed':
    case 'NonZeroExit':
    case 'OOMKilled':
    case 'SandboxFailed':
      return {
        succeeded: reason === 'Completed',
        failures: (before) => (upMs >= wellMs ? 1 : before + 1),
      };
    case 'MaxLifetime':
      // As was asked for. Of a very short life the pause is kept, or starting would be all it does.
      return { succeeded: false, failures: () => (upMs < firstWaitMs ? 1 : 0) };
    case 'Replaced':
    case 'HandedOver':
    case 'Suspended':
    case 'Contained':
    case 'Removed':
    case 'LeaseLost':
    case 'WorkerLost':
      return undefined;
    default:
      return reason satisfies never;
  }
}
