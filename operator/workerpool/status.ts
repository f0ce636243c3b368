/** A WorkerPool's status from its Deployment and the words of its live workers. Pure. */
import type { WorkerStatus } from '../../contract/index.ts';
import type { Deployment, WorkerPool } from '../kind.ts';
import { setConditions, summaryFindings, type Finding, type Summary } from '../runtime/index.ts';
import { previousConditions } from '../pending.ts';
import { runningPolicies } from '../running-policy.ts';

export interface PoolObservation {
  readonly pool: WorkerPool;
  readonly deployment: Deployment | undefined;
  readonly workers: readonly WorkerStatus[];
  /** Why the pool cannot be what its spec says, if so. */
  readonly fault: { readonly reason: string; readonly message: string } | undefined;
  readonly now: number;
}

export function poolStatus(observation: PoolObservation): object {
  const { pool, deployment, workers, now } = observation;
  const active = workers.reduce((sum, worker) => sum + inFlight(worker), 0);
  const serving = workers.filter((worker) => !worker.draining);
  const capacity = serving.reduce((sum, worker) => sum + worker.capacity, 0);
  const available = serving.reduce((sum, worker) => sum + Math.max(0, worker.capacity - inFlight(worker)), 0);
  const generation = pool.metadata.generation ?? 0;
  const findings = [...deploymentFindings(deployment), ...summaryFindings(summarize(observation))];
  return {
    observedGeneration: generation,
    readyReplicas: deployment?.status?.readyReplicas ?? 0,
    running: runningPolicies(workers),
    activeExecutions: active,
    capacity: { maxExecutions: capacity, availableExecutions: available },
    conditions: setConditions(findings, { previous: previousConditions(pool), generation, now }),
  };
}

function inFlight(worker: WorkerStatus): number {
  return Object.values(worker.inFlight).reduce((sum, count) => sum + count, 0);
}

/** Available and Progressing as the Deployment has them. */
function deploymentFindings(deployment: Deployment | undefined): Finding[] {
  return ['Available', 'Progressing'].map((type) => {
    const condition = deploymentCondition(deployment, type);
    const status = condition?.status;
    return {
      type,
      status: status === 'True' || status === 'False' ? status : 'Unknown',
      reason: condition?.reason || 'DeploymentPending',
      message: condition?.message ?? '',
    };
  });
}

type DeploymentCondition = NonNullable<NonNullable<Deployment['status']>['conditions']>[number];

function deploymentCondition(
  deployment: Deployment | undefined,
  type: string,
): DeploymentCondition | undefined {
  return deployment?.status?.conditions?.find((each) => each.type === type);
}

function summarize(observation: PoolObservation): Summary {
  const { pool, deployment, workers, fault } = observation;
  if (fault !== undefined) return { state: 'stalled', ...fault };
  const wanted = pool.spec.replicas ?? 1;
  if (rolling(deployment, wanted)) {
    const ready = deployment?.status?.readyReplicas ?? 0;
    const message = `${ready} of ${wanted} workers ready`;
    const progressing = deploymentCondition(deployment, 'Progressing');
    if (progressing?.reason === 'ProgressDeadlineExceeded') {
      return { state: 'stalled', reason: 'ProgressDeadlineExceeded', message };
    }
    return { state: 'pending', reason: 'WorkersNotReady', message };
  }
  const live = workers.filter((worker) => !worker.draining).length;
  if (live < wanted) {
    const message = `${live} of ${wanted} workers report to NATS`;
    return { state: 'pending', reason: 'WorkersSilent', message };
  }
  return { state: 'ready', reason: 'WorkersReady', message: `${wanted} of ${wanted} workers ready` };
}

function rolling(deployment: Deployment | undefined, wanted: number): boolean {
  const status = deployment?.status;
  if (deployment === undefined || status === undefined) return true;
  if (status.observedGeneration !== deployment.metadata.generation) return true;
  const counts = [status.readyReplicas ?? 0, status.updatedReplicas ?? 0, status.replicas ?? 0];
  return counts.some((count) => count !== wanted);
}
