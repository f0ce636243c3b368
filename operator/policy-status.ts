/**
 * `status.ancestors` of a policy, Gateway-API style (GEP-713): one entry a target, at most 16, and the summary of all.
 * Pure; apart so that every policy with targets reports the same way.
 */
import { canonicalJson } from '../contract/index.ts';
import { graceLeft, previousConditions } from './pending.ts';
import { controllerName } from './route-status.ts';
import {
  setConditions,
  summaryFindings,
  type Condition,
  type Finding,
  type Metadata,
  type Summary,
} from './runtime/index.ts';

// GEP-713: PolicyStatus.ancestors holds at most 16.
const maxAncestors = 16;

export interface PolicyTarget {
  readonly group?: string | undefined;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string | undefined;
}

export interface Policy<Target extends PolicyTarget = PolicyTarget> {
  readonly metadata: Metadata & { readonly name: string; readonly namespace: string };
  readonly spec: { readonly targetRefs: readonly Target[] };
  readonly status?: { readonly ancestors?: readonly Ancestor[] | undefined } | undefined;
}

export interface PolicyObservation<Target extends PolicyTarget> {
  readonly policy: Policy<Target>;
  /** Accepted, for one target. */
  readonly accepted: (target: Target) => Finding;
  /** What else is said of a target: ResolvedRefs, Enforced. */
  readonly beside: (target: Target) => readonly Finding[];
  readonly now: number;
}

interface Ancestor {
  readonly ancestorRef: object;
  readonly conditions?: readonly Condition[] | undefined;
}

/** Reasons that only a change of the policy itself, or of another one, mends: no use waiting. */
const final: ReadonlySet<string> = new Set(['Conflicted', 'Invalid', 'NotEnforced']);

export function policyStatus<Target extends PolicyTarget>(observation: PolicyObservation<Target>): object {
  const { policy, now } = observation;
  const { metadata, spec } = policy;
  const generation = metadata.generation ?? 0;
  const old = policy.status?.ancestors ?? [];
  const targets = [...new Map(spec.targetRefs.map((ref) => [canonicalJson(ref), ref])).entries()].sort(
    ([a], [b]) => (a < b ? -1 : 1),
  );
  const findings = targets.map(([, ref]) => [observation.accepted(ref), ...observation.beside(ref)]);
  const ancestors = targets.slice(0, maxAncestors).map(([, ref], index) => {
    const ancestorRef = { ...ref, namespace: metadata.namespace };
    const before = old.find((each) => canonicalJson(each.ancestorRef) === canonicalJson(ancestorRef));
    const mine = findings[index] ?? [];
    const conditions = setConditions(mine, { previous: before?.conditions ?? [], generation, now });
    return { ancestorRef, controllerName, conditions };
  });
  const previous = previousConditions(policy);
  // Whether a target was accepted is said before what is wrong with it.
  const all = [...findings.flatMap((each) => each.slice(0, 1)), ...findings.flatMap((each) => each.slice(1))];
  const summary = summarize(all, graceLeft(previous, 'Ready', now) === 0);
  const conditions = setConditions(summaryFindings(summary), { previous, generation, now });
  return { observedGeneration: generation, ancestors, conditions };
}

function summarize(findings: readonly Finding[], late: boolean): Summary {
  const failed = findings.find((finding) => finding.status !== 'True');
  if (failed === undefined) return { state: 'ready', reason: 'Accepted', message: 'every target found' };
  const { reason, message } = failed;
  return { state: late || final.has(reason) ? 'stalled' : 'pending', reason, message };
}
