/**
 * The controller of policies that attach to targets and own nothing (EgressDenyPolicy, FallbackRoutingPolicy): it says
 * where they are in force; what they say is compiled with the gateways of their targets. Apart so that both answer alike.
 */
import { isLive, type TargetingPolicy } from './compile/index.ts';
import type { Context, ControllerSpec } from './context.ts';
import { graceRequeue, markPending, previousConditions } from './pending.ts';
import { policyStatus, type Policy } from './policy-status.ts';
import { findOwnTarget } from './policy-target.ts';
import { policyWatches } from './policy-watches.ts';
import { splitKey, type Finding, type Kind, type ReconcileResult, type Resource } from './runtime/index.ts';

export interface AttachedPolicy {
  readonly name: string;
  readonly kind: Kind<Policy & TargetingPolicy>;
  readonly targetKinds: readonly Resource[];
  /** Said at every target, beside whether it was accepted. */
  readonly everywhere: readonly Finding[];
}

export function attachedPolicyController({
  name,
  kind,
  targetKinds,
  everywhere,
}: AttachedPolicy): ControllerSpec {
  const reconcile = async (context: Context, key: string): Promise<ReconcileResult> => {
    const at = splitKey(key);
    const policy = context.world.get(kind, at.namespace, at.name);
    if (policy === undefined || !isLive(policy)) return {};
    await markPending(context, kind, policy);
    const now = context.now();
    const accepted = (ref: Policy['spec']['targetRefs'][number]): Finding =>
      findOwnTarget(context.world, kind, policy, ref);
    await context.applier.applyStatus(kind, policy, policyStatus({ policy, accepted, everywhere, now }));
    return graceRequeue(previousConditions(policy), now);
  };
  return { name, concurrency: 2, reconcile, watches: policyWatches(kind, targetKinds) };
}
