/**
 * May this call run, and where: the decision, pure. Order of refusals as in the reference: no ready revision (503),
 * the agent's cluster-wide limit (429), no ready worker (503). Order of workers: image present, room left, warm
 * sandbox, fewest of this agent, fewest in all, then a hash so that equals share evenly.
 */
import { agentId, type IngressAgent, type WorkerStatus } from '../contract/index.ts';
import { workerId, type Load } from './load.ts';

export type Refusal = 'no_ready_revision' | 'at_max_concurrent' | 'no_ready_worker';

export type Admission =
  | { readonly refused: Refusal }
  | { readonly refused?: undefined; readonly revision: string; readonly workers: readonly WorkerStatus[] };

/** Workers tried for one call: the first and two more. */
export const maxAttempts = 3;

/**
 * FNV-1a, 32 bit, then MurmurHash3's finalizer: FNV alone leaves the last characters of a pod's name, which are all
 * that differs, in a few bits, and ordering by it favours one worker.
 */
export function spreadingHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rank(agent: IngressAgent, revision: string, worker: WorkerStatus, load: Load): number[] {
  const id = agentId(agent);
  const key = `${agent.namespace}/${revision}`;
  const total = load.total(worker);
  return [
    worker.images[key]?.state === 'Pulled' ? 0 : 1,
    worker.capacity > 0 && total >= worker.capacity ? 1 : 0,
    (worker.warm[key] ?? 0) > 0 ? 0 : 1,
    load.onWorker(id, worker),
    total,
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Best first. `key` is the invocation's id. */
export function rankWorkers(
  agent: IngressAgent,
  revision: string,
  workers: readonly WorkerStatus[],
  basis: { readonly load: Load; readonly key: string },
): WorkerStatus[] {
  return workers
    .map((worker) => ({
      worker,
      ranks: [
        ...rank(agent, revision, worker, basis.load),
        spreadingHash(`${basis.key}\n${workerId(worker)}`),
      ],
    }))
    .sort((a, b) => compareRanks(a.ranks, b.ranks))
    .map((entry) => entry.worker);
}

/** `live`: every live worker of the cluster. */
export function admit(
  agent: IngressAgent,
  live: readonly WorkerStatus[],
  basis: { readonly load: Load; readonly key: string },
): Admission {
  const revision = agent.servingRevision;
  if (revision === undefined) return { refused: 'no_ready_revision' };
  const pool = live.filter((worker) => `${worker.namespace}/${worker.pool}` === agent.pool);
  if (agent.maxConcurrent > 0 && basis.load.cluster(agentId(agent), pool) >= agent.maxConcurrent) {
    return { refused: 'at_max_concurrent' };
  }
  const ready = pool.filter((worker) => !worker.draining);
  if (ready.length === 0) return { refused: 'no_ready_worker' };
  return { revision, workers: rankWorkers(agent, revision, ready, basis).slice(0, maxAttempts) };
}
