/** What the target of a policy says of it: one condition a kind of policy, while one applies (GEP-713). Pure. */
import { policiesAt, type TargetingPolicy } from './compile/index.ts';
import { apiGroup, kinds } from './kind.ts';
import type { Finding, Kind, World } from './runtime/index.ts';

export const affectingKinds: ReadonlyArray<Kind<TargetingPolicy>> = [
  kinds.credentialInjectionPolicy,
  kinds.fallbackRoutingPolicy,
  kinds.egressDenyPolicy,
];

export function affectedFindings(
  world: World,
  target: { readonly kind: string; readonly namespace: string; readonly name: string },
): Finding[] {
  return affectingKinds.flatMap((kind) => {
    const policies = policiesAt(world, kind, target.namespace, target);
    if (policies.length === 0) return [];
    const type = `${apiGroup}/${kind.kind}Affected`;
    // Credentials stack; of the others the oldest applies.
    const applied = kind.kind === 'CredentialInjectionPolicy' ? policies : policies.slice(0, 1);
    const message = `affected by ${applied.map(({ metadata }) => metadata.name).join(', ')}`;
    return [{ type, status: 'True', reason: 'Affected', message }];
  });
}

/** Keys of the objects of `kind` a changed policy applies to. */
export function affectedKeys(kind: string, policies: ReadonlyArray<object>): readonly string[] {
  return (policies as readonly TargetingPolicy[]).flatMap(({ metadata, spec }) =>
    spec.targetRefs.filter((ref) => ref.kind === kind).map((ref) => `${metadata.namespace}/${ref.name}`),
  );
}
