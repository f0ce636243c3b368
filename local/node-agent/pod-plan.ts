/**
 * The node agent's decisions: pods as the API server has them, pods as they run here, and the time go in; what to do
 * next comes out. Pure. Performing an action twice must be harmless, because the next plan may ask for it again before
 * the world shows its effect.
 */
import type { Pod } from '../kube/object.ts';
import { backOffMs, containerBackOff } from '../supervisor/back-off.ts';
import {
  anyRunning,
  observedContainer,
  type ContainerObservation,
  type PodObservation,
} from './pod-observation.ts';
import { refusalOf } from './pod-refusal.ts';

export type PodAction =
  | { readonly kind: 'bind'; readonly pod: Pod }
  | { readonly kind: 'prepare'; readonly pod: Pod }
  | { readonly kind: 'start'; readonly pod: Pod; readonly container: string }
  | { readonly kind: 'terminate'; readonly uid: string }
  | { readonly kind: 'kill'; readonly uid: string }
  /** Every process has ended: the object may go. */
  | { readonly kind: 'finalize'; readonly pod: Pod }
  /** The object is gone and nothing runs: address and directories may go. */
  | { readonly kind: 'forget'; readonly uid: string };

export interface PodPlan {
  readonly actions: readonly PodAction[];
  /** When to plan again though nothing may have changed. */
  readonly wakeAt?: number;
}

// A pod deleted without the agent's consent (`--force`) gets as long as kubelet's default grace.
const orphanGraceMs = 30_000;

class Planner {
  readonly actions: PodAction[] = [];
  readonly now: number;
  wakeAt: number | undefined;

  constructor(now: number) {
    this.now = now;
  }

  wake(at: number): void {
    this.wakeAt = Math.min(this.wakeAt ?? at, at);
  }
}

export function planPods(
  pods: readonly Pod[],
  observed: ReadonlyMap<string, PodObservation>,
  nodeName: string,
  now: number,
): PodPlan {
  const planner = new Planner(now);
  const known = new Set<string>();
  for (const pod of pods) {
    const uid = pod.metadata.uid ?? '';
    known.add(uid);
    if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') planUnbound(planner, pod);
    else if (pod.spec.nodeName === nodeName) planOwn(planner, pod, observed.get(uid));
  }
  for (const observation of observed.values()) {
    if (!known.has(observation.uid)) planOrphan(planner, observation);
  }
  return planner.wakeAt === undefined
    ? { actions: planner.actions }
    : { actions: planner.actions, wakeAt: planner.wakeAt };
}

function planUnbound(planner: Planner, pod: Pod): void {
  const gated = (pod.spec.schedulingGates ?? []).length > 0;
  if (!gated && pod.metadata.deletionTimestamp === undefined) planner.actions.push({ kind: 'bind', pod });
}

function planOwn(planner: Planner, pod: Pod, observation: PodObservation | undefined): void {
  if (pod.metadata.deletionTimestamp !== undefined) return planDeleted(planner, pod, observation);
  if (refusalOf(pod) !== undefined || isFinished(pod)) return;
  if (observation?.stage !== 'prepared') return planPreparation(planner, pod, observation);
  for (const { name } of pod.spec.containers) planContainer(planner, pod, name, observation);
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function planPreparation(planner: Planner, pod: Pod, observation: PodObservation | undefined): void {
  const retryAt = observation?.blocked?.retryAt ?? 0;
  if (retryAt > planner.now) planner.wake(retryAt);
  // Preparing without a failure on record: it is under way.
  else if (observation === undefined || observation.blocked !== undefined)
    planner.actions.push({ kind: 'prepare', pod });
}

function planContainer(planner: Planner, pod: Pod, name: string, observation: PodObservation): void {
  const container = observedContainer(observation, name);
  if (container.running) return;
  const dueAt = startDue(pod.spec.restartPolicy ?? 'Always', container);
  if (dueAt === undefined) return;
  if (dueAt > planner.now) planner.wake(dueAt);
  else planner.actions.push({ kind: 'start', pod, container: name });
}

/** When a container that does not run may start; undefined: never again. */
function startDue(restartPolicy: string, { lastExit, failures }: ContainerObservation): number | undefined {
  if (lastExit === undefined) return 0;
  if (restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && lastExit.exitCode === 0))
    return undefined;
  return lastExit.finishedAt + backOffMs(containerBackOff, failures);
}

function planDeleted(planner: Planner, pod: Pod, observation: PodObservation | undefined): void {
  if (observation === undefined || !anyRunning(observation)) {
    planner.actions.push({ kind: 'finalize', pod });
    return;
  }
  // deletionTimestamp is the moment the grace ends, not when deletion was asked for.
  planTermination(planner, observation, Date.parse(pod.metadata.deletionTimestamp ?? ''));
}

function planOrphan(planner: Planner, observation: PodObservation): void {
  if (!anyRunning(observation)) planner.actions.push({ kind: 'forget', uid: observation.uid });
  else planTermination(planner, observation, (observation.terminatingSince ?? planner.now) + orphanGraceMs);
}

function planTermination(planner: Planner, observation: PodObservation, deadline: number): void {
  const { uid, terminatingSince } = observation;
  if (terminatingSince === undefined) planner.actions.push({ kind: 'terminate', uid });
  if (planner.now >= deadline) planner.actions.push({ kind: 'kill', uid });
  else planner.wake(deadline);
}
