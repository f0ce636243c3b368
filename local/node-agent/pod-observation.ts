/**
 * What the node agent knows of the pods it runs: the input of `planPods` and `computePodStatus`. Plain data without
 * processes or sockets, so that both stay pure. Times are Unix milliseconds.
 */
export interface ContainerExit {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly signal?: number;
}

export interface ContainerObservation {
  readonly running: boolean;
  readonly pid?: number;
  readonly startedAt?: number;
  readonly lastExit?: ContainerExit;
  /** Deaths in a row, for the back-off. */
  readonly failures: number;
  readonly restartCount: number;
  /** The startup probe has passed (or there is none). */
  readonly started: boolean;
  readonly ready: boolean;
}

export type PodStage = 'preparing' | 'prepared';

export interface PodObservation {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly stage: PodStage;
  readonly address?: string;
  readonly preparedAt?: number;
  /** Why preparing failed the last time, and when it is tried again. */
  readonly blocked?: { readonly reason: string; readonly message: string; readonly retryAt: number };
  /** TERM was sent at this time. */
  readonly terminatingSince?: number;
  readonly containers: ReadonlyMap<string, ContainerObservation>;
}

export const absentContainer: ContainerObservation = {
  running: false,
  failures: 0,
  restartCount: 0,
  started: false,
  ready: false,
};

export function observedContainer(pod: PodObservation | undefined, name: string): ContainerObservation {
  return pod?.containers.get(name) ?? absentContainer;
}

export function anyRunning(pod: PodObservation): boolean {
  return [...pod.containers.values()].some(({ running }) => running);
}
