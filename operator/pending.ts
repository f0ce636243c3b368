/** The first act on a new object: Ready=Unknown reason=Pending, so that no GitOps tool takes silence for health. */
import type { Context } from './context.ts';
import {
  setConditions,
  summaryFindings,
  type Condition,
  type KubeObject,
  type ReconcileResult,
  type Resource,
} from './runtime/index.ts';

interface WithStatus extends KubeObject {
  readonly status?: { readonly conditions?: unknown } | undefined;
}

/** Those that can be read: a status is ours, but others may have written it, and looser definitions have been. */
export function previousConditions(object: object): readonly Condition[] {
  const conditions = (object as WithStatus).status?.conditions;
  return Array.isArray(conditions) ? conditions.filter(isCondition) : [];
}

function isCondition(value: unknown): value is Condition {
  if (value === null || typeof value !== 'object') return false;
  const { type, status, lastTransitionTime } = value as Readonly<Record<string, unknown>>;
  return [type, status, lastTransitionTime].every((each) => typeof each === 'string');
}

export async function markPending(context: Context, resource: Resource, object: KubeObject): Promise<void> {
  if (previousConditions(object).length > 0) return;
  const generation = object.metadata?.generation ?? 0;
  const conditions = setConditions(summaryFindings({ state: 'new' }), {
    previous: [],
    generation,
    now: context.now(),
  });
  await context.applier.applyStatus(resource, object, { observedGeneration: generation, conditions });
}

/** How long a fault only a person can mend stays "in progress" before it is Stalled. */
export const stallGraceMs = 60_000;

/** Milliseconds until the fault under `type` is past its grace; 0 when it is. */
export function graceLeft(previous: readonly Condition[], type: string, now: number): number {
  const condition = previous.find((each) => each.type === type);
  if (condition?.status !== 'False') return stallGraceMs;
  return Math.max(0, Date.parse(condition.lastTransitionTime) + stallGraceMs - now);
}

/** Looks again when a fault's grace is over; a healthy object is left alone until something changes. */
export function graceRequeue(previous: readonly Condition[], now: number): ReconcileResult {
  if (previous.find((each) => each.type === 'Ready')?.status !== 'False') return {};
  const left = graceLeft(previous, 'Ready', now);
  return left > 0 ? { requeueAfterMs: left + 100 } : {};
}
