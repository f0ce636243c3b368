/**
 * The status the node agent reports for a pod, computed from what it observes. Pure; condition times move only when the
 * condition does. It keeps conditions of other writers (PodScheduled) as they are.
 */
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../kube/object.ts';
import { backOffMs, containerBackOff } from '../supervisor/back-off.ts';
import {
  observedContainer,
  type ContainerExit,
  type ContainerObservation,
  type PodObservation,
} from './pod-observation.ts';
import { refusalOf, type Refusal } from './pod-refusal.ts';

export interface NodeFacts {
  readonly nodeAddress: string;
}

export type ReportedPodStatus = PodStatus & {
  readonly hostIP: string;
  readonly hostIPs: readonly { readonly ip: string }[];
  readonly podIPs?: readonly { readonly ip: string }[];
};

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

function terminated(exit: ContainerExit, containerID: string): object {
  const { exitCode, signal, startedAt, finishedAt } = exit;
  return {
    terminated: {
      exitCode,
      ...(signal === undefined ? {} : { signal }),
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: time(startedAt),
      finishedAt: time(finishedAt),
      containerID,
    },
  };
}

function containerState(
  pod: Pod,
  observation: ContainerObservation,
  waiting: Refusal | undefined,
  id: string,
): object {
  const { running, startedAt, lastExit, failures } = observation;
  if (running) return { running: { startedAt: time(startedAt ?? 0) } };
  if (lastExit === undefined) return { waiting: waiting ?? { reason: 'ContainerCreating' } };
  if (finalExit(pod, lastExit)) return terminated(lastExit, id);
  const delay = `back-off ${Math.round(backOffMs(containerBackOff, failures) / 100) / 10}s restarting failed container`;
  return { waiting: { reason: 'CrashLoopBackOff', message: `${delay}, exit code ${lastExit.exitCode}` } };
}

function finalExit(pod: Pod, { exitCode }: ContainerExit): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always';
  return (
    pod.metadata.deletionTimestamp !== undefined ||
    policy === 'Never' ||
    (policy === 'OnFailure' && exitCode === 0)
  );
}

function containerStatus(
  pod: Pod,
  container: Container,
  observation: PodObservation | undefined,
): ContainerStatus {
  const own = observedContainer(observation, container.name);
  const waiting = refusalOf(pod) ?? observation?.blocked;
  const id = `process://${own.pid ?? 0}`;
  const refusal = waiting === undefined ? undefined : { reason: waiting.reason, message: waiting.message };
  return {
    name: container.name,
    image: container.image,
    imageID: container.image,
    ready: own.running && own.ready,
    started: own.running && own.started,
    restartCount: own.restartCount,
    ...(own.pid === undefined ? {} : { containerID: id }),
    state: containerState(pod, own, refusal, id),
    ...(own.lastExit === undefined ? {} : { lastState: terminated(own.lastExit, id) }),
  };
}

function phaseOf(pod: Pod, observation: PodObservation | undefined): string {
  const containers = pod.spec.containers.map(({ name }) => observedContainer(observation, name));
  const ended = containers.every(
    ({ running, lastExit }) => !running && lastExit !== undefined && finalExit(pod, lastExit),
  );
  if (ended && containers.length > 0 && pod.metadata.deletionTimestamp === undefined) {
    return containers.every(({ lastExit }) => lastExit?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  return containers.some(({ running, lastExit }) => running || lastExit !== undefined)
    ? 'Running'
    : 'Pending';
}

function withTransitions(desired: readonly PodCondition[], pod: Pod, now: number): PodCondition[] {
  const previous = pod.status?.conditions ?? [];
  const merged = desired.map((condition): PodCondition => {
    const before = previous.find(({ type }) => type === condition.type);
    const moved = before?.status !== condition.status || before.lastTransitionTime === undefined;
    return { ...condition, lastTransitionTime: moved ? time(now) : before.lastTransitionTime };
  });
  return [...previous.filter(({ type }) => desired.every((condition) => condition.type !== type)), ...merged];
}

export function computePodStatus(
  pod: Pod,
  observation: PodObservation | undefined,
  facts: NodeFacts,
  now: number,
): ReportedPodStatus {
  const containerStatuses = pod.spec.containers.map((container) =>
    containerStatus(pod, container, observation),
  );
  const unready = containerStatuses.filter(({ ready }) => !ready).map(({ name }) => name);
  const ready: Pick<PodCondition, 'status' | 'reason' | 'message'> =
    unready.length === 0
      ? { status: 'True' }
      : {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        };
  const prepared = observation?.stage === 'prepared';
  const conditions = withTransitions(
    [
      { type: 'PodReadyToStartContainers', status: prepared ? 'True' : 'False' },
      { type: 'Initialized', status: 'True' },
      { type: 'ContainersReady', ...ready },
      { type: 'Ready', ...ready },
    ],
    pod,
    now,
  );
  const address = observation?.address;
  const startTime = pod.status?.startTime ?? (observation === undefined ? undefined : time(now));
  return {
    phase: phaseOf(pod, observation),
    conditions,
    containerStatuses,
    hostIP: facts.nodeAddress,
    hostIPs: [{ ip: facts.nodeAddress }],
    ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
    ...(startTime === undefined ? {} : { startTime }),
  };
}
