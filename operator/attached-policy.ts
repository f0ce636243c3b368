/**
 * The controller of policies that attach to targets and own nothing (EgressDenyPolicy, FallbackRoutingPolicy): it says
 * where they are in force; what they say is compiled with the gateways of their targets. Apart so that both answer alike.
 */
import { isLive, type TargetingPolicy } from './compile/index.ts';
import type { Context, ControllerSpec } from './context.ts';
import { graceRequeue, markPending, previousConditions } from './pending.ts';
import { policyStatus, type Policy, type PolicyTarget } from './policy-status.ts';
import { findOwnTarget } from './policy-target.ts';
import { policyWatches } from './policy-watches.ts';
import {
  splitKey,
  type Finding,
  type Kind,
  type ReconcileResult,
  type Resource,
  type World,
} from './runtime/index.ts';

export interface AttachedPolicy {
  readonly name: string;
  readonly kind: Kind<Policy & TargetingPolicy>;
  readonly targetKinds: readonly Resource[];
  /** Said of a target, beside whether it was accepted. */
  readonly beside: (world: World, policy: Policy, target: PolicyTarget) => readonly Finding[];
  readonly moreWatches?: ControllerSpec['watches'];
}

export function attachedPolicyController({
  name,
  kind,
  targetKinds,
  beside,
  moreWatches = [],
}: AttachedPolicy): ControllerSpec {
  const reconcile = async (context: Context, key: string): Promise<ReconcileResult> => {
    const at = splitKey(key);
    const policy = context.world.get(kind, at.namespace, at.name);
    if (policy === undefined || !isLive(policy)) return {};
    await markPending(context, kind, policy);
    const now = context.now();
    const accepted = (ref: Policy['spec']['targetRefs'][number]): Finding =>
      findOwnTarget(context.world, kind, policy, ref);
    const more = (ref: PolicyTarget): readonly Finding[] => beside(context.world, policy, ref);
    const status = policyStatus({ policy, accepted, beside: more, now });
    await context.applier.applyStatus(kind, policy, status);
    return graceRequeue(previousConditions(policy), now);
  };
  return { name, concurrency: 2, reconcile, watches: [...policyWatches(kind, targetKinds), ...moreWatches] };
}
