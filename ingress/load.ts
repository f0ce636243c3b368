/**
 * How busy workers are, as far as this ingress can know: what they last said, corrected by what this ingress has
 * started or seen end since they said it. Pure state with the clock passed in; it never asks anybody.
 */
import { ShareCounts, statusBucket, type WorkerStatus } from '../contract/index.ts';

interface Dispatch {
  readonly agent: string;
  readonly worker: string;
  readonly startedAt: number;
  endedAt?: number;
}

export function workerId(worker: WorkerStatus): string {
  return `${worker.namespace}/${worker.pool}/${worker.pod}`;
}

export class Load {
  readonly #now: () => number;
  /** By worker; ended ones only as long as a worker's word may be older than their end. */
  readonly #dispatches = new Map<string, Set<Dispatch>>();
  /** By agent; others bound how many. */
  readonly #active = new ShareCounts();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts one dispatch until the returned function is called (once or more). */
  start(agent: string, worker: WorkerStatus): () => void {
    const id = workerId(worker);
    const dispatch: Dispatch = { agent, worker: id, startedAt: this.#now() };
    const set = this.#dispatches.get(id) ?? new Set();
    this.#dispatches.set(id, set.add(dispatch));
    this.#active.take([{ key: agent, most: Infinity }]);
    return () => {
      if (dispatch.endedAt !== undefined) return;
      dispatch.endedAt = this.#now();
      this.#active.give([{ key: agent }]);
      this.#prune(id);
    };
  }

  /** This agent's invocations on this worker. */
  onWorker(agent: string, worker: WorkerStatus): number {
    let correction = 0;
    let own = 0;
    for (const dispatch of this.#dispatches.get(workerId(worker)) ?? []) {
      if (dispatch.agent !== agent) continue;
      if (dispatch.endedAt === undefined) own++;
      correction += this.#correction(dispatch, worker.at);
    }
    return Math.max(own, (worker.inFlight[agent] ?? 0) + correction);
  }

  /** All invocations on this worker. */
  total(worker: WorkerStatus): number {
    const agents = new Set(Object.keys(worker.inFlight));
    for (const dispatch of this.#dispatches.get(workerId(worker)) ?? []) agents.add(dispatch.agent);
    let sum = 0;
    for (const agent of agents) sum += this.onWorker(agent, worker);
    return sum;
  }

  /** This agent's invocations on all these workers, and ours on workers that are no longer among them. */
  cluster(agent: string, workers: readonly WorkerStatus[]): number {
    const sum = workers.reduce((total, worker) => total + this.onWorker(agent, worker), 0);
    return Math.max(sum, this.#active.of(agent));
  }

  #correction(dispatch: Dispatch, at: number): number {
    if (dispatch.startedAt > at) return dispatch.endedAt === undefined ? 1 : 0;
    return dispatch.endedAt !== undefined && dispatch.endedAt > at ? -1 : 0;
  }

  #prune(id: string): void {
    const set = this.#dispatches.get(id);
    if (set === undefined) return;
    const before = this.#now() - statusBucket.deadAfterMs;
    for (const dispatch of set) {
      if (dispatch.endedAt !== undefined && dispatch.endedAt < before) set.delete(dispatch);
    }
    if (set.size === 0) this.#dispatches.delete(id);
  }
}
