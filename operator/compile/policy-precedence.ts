/** GEP-713: of two policies of a kind at one target the older applies, then the one first by namespace/name. */
import type { Kind, Metadata, World } from '../runtime/index.ts';
import { byAge, isLive } from './order.ts';

interface Target {
  readonly kind: string;
  readonly name: string;
}

export interface TargetingPolicy {
  readonly metadata: Metadata & { readonly name: string; readonly namespace: string };
  readonly spec: { readonly targetRefs: readonly Target[] };
}

export function targets(policy: TargetingPolicy, target: Target): boolean {
  return policy.spec.targetRefs.some((ref) => ref.kind === target.kind && ref.name === target.name);
}

/** The policies of a kind at this target of a namespace, the one that applies first. */
export function policiesAt<T extends TargetingPolicy>(
  world: World,
  kind: Kind<T>,
  namespace: string,
  target: Target,
): readonly T[] {
  return byAge(world.list(kind, namespace).filter((policy) => isLive(policy) && targets(policy, target)));
}

/** The policy that applies in place of this one; undefined when this one does. */
export function precedingPolicy<T extends TargetingPolicy>(
  world: World,
  kind: Kind<T>,
  policy: TargetingPolicy,
  target: Target,
): T | undefined {
  const [first] = policiesAt(world, kind, policy.metadata.namespace, target);
  return first === undefined || first.metadata.name === policy.metadata.name ? undefined : first;
}
