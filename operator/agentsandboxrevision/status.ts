/** A revision's status from what live workers of its pool say of its image. Pure. */
import { agentId, type WorkerStatus } from '../../contract/index.ts';
import { agentOfRevision } from '../compile/index.ts';
import type { AgentSandboxRevision } from '../kind.ts';
import { previousConditions } from '../pending.ts';
import { setConditions, type Finding } from '../runtime/index.ts';

export interface RevisionObservation {
  readonly revision: AgentSandboxRevision;
  /** Live workers of the agent's pool. */
  readonly workers: readonly WorkerStatus[];
  /** Its agent serves it now. */
  readonly serving: boolean;
  readonly now: number;
}

export function revisionStatus({ revision, workers, serving, now }: RevisionObservation): object {
  const { namespace, name } = revision.metadata;
  const id = `${namespace}/${name}`;
  const agent = agentOfRevision(revision);
  const agentKey = agent === undefined ? '' : agentId(agent);
  const rows = workers.map((worker) => ({
    podName: worker.pod,
    imagePulled: worker.images[id]?.state === 'Pulled',
    warmCount: worker.warm[id] ?? 0,
    activeExecutions: worker.inFlight[agentKey] ?? 0,
  }));
  const generation = revision.metadata.generation ?? 0;
  const active: Finding = {
    type: 'Active',
    status: serving ? 'True' : 'False',
    reason: serving ? 'Serving' : 'NotServing',
    message: '',
  };
  const findings = [...readyFindings(id, workers), active];
  return {
    observedGeneration: generation,
    readyWorkers: rows.filter((row) => row.imagePulled).length,
    workers: rows.sort((a, b) => (a.podName < b.podName ? -1 : 1)),
    conditions: setConditions(findings, { previous: previousConditions(revision), generation, now }),
  };
}

/** Reasons that mean "not yet", not "failed". */
export const waitingReasons: ReadonlySet<string> = new Set(['NoWorkersReady', 'ImagePulling', 'Pending']);

function readyFindings(id: string, workers: readonly WorkerStatus[]): Finding[] {
  const type = 'Ready';
  const images = workers.flatMap((worker) => worker.images[id] ?? []);
  const pulled = images.filter((image) => image.state === 'Pulled').length;
  if (pulled > 0) {
    const message = `image pulled on ${pulled} of ${workers.length} workers`;
    return [{ type, status: 'True', reason: 'RevisionReady', message }];
  }
  const failed = images.find((image) => image.state === 'Failed');
  if (failed !== undefined) {
    const reason = failed.reason ?? 'ImagePullFailed';
    const message = failed.message ?? 'image cannot be pulled';
    return [{ type, status: 'False', reason, message }];
  }
  const pulling = images.length > 0;
  const reason = pulling ? 'ImagePulling' : 'NoWorkersReady';
  const message = pulling ? 'workers are pulling the image' : 'no live worker of the pool has the image yet';
  return [
    { type, status: 'False', reason, message },
    { type: 'Reconciling', status: 'True', reason, message },
  ];
}
