/** Policies look again when they change, when one at the same target does, or when a target comes or goes. */
import { changedObjects } from './change.ts';
import { targets, type TargetingPolicy } from './compile/index.ts';
import type { ControllerSpec } from './context.ts';
import {
  keyOfObject,
  type Kind,
  type KubeObject,
  type ObjectChange,
  type Resource,
  type World,
} from './runtime/index.ts';

/** The policies of a changed object's namespace that it concerns. */
export function policiesOf(
  world: World,
  kind: Kind<TargetingPolicy>,
  change: ObjectChange,
  concerns: (policy: TargetingPolicy, object: KubeObject) => boolean,
): readonly string[] {
  const objects = changedObjects(change);
  return world
    .list(kind, (change.after ?? change.before)?.metadata?.namespace)
    .filter((policy) => objects.some((object) => concerns(policy, object)))
    .map((policy) => keyOfObject(policy as KubeObject));
}

/** A target's status is no concern of its policies: only its life is, and what its spec holds. */
function lifeMatters({ before, after }: ObjectChange): boolean {
  const life = (object: KubeObject | undefined): string =>
    `${object?.metadata?.uid ?? ''} ${object?.metadata?.generation ?? ''} ${object?.metadata?.deletionTimestamp ?? ''}`;
  return before === after || life(before) !== life(after);
}

export function policyWatches(
  kind: Kind<TargetingPolicy>,
  targetKinds: readonly Resource[],
): ControllerSpec['watches'] {
  return [
    {
      resource: kind,
      keysOf: (world, change) => [
        ...changedObjects(change).map(keyOfObject),
        ...policiesOf(world, kind, change, (policy, object) =>
          (object as unknown as TargetingPolicy).spec.targetRefs.some((ref) => targets(policy, ref)),
        ),
      ],
    },
    ...targetKinds.map((resource): ControllerSpec['watches'][number] => ({
      resource,
      keysOf: (world, change) =>
        lifeMatters(change)
          ? policiesOf(world, kind, change, (policy, { metadata }) =>
              targets(policy, { kind: resource.kind, name: metadata?.name ?? '' }),
            )
          : [],
    })),
  ];
}
