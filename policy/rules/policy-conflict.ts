/** Two policies that want the same thing of one target. */
import type { Found, Rule } from '../rule.ts';
import type { Item, World } from '../world.ts';
import { targetingKinds } from './unresolved-reference.ts';

type Policy = Item<(typeof targetingKinds)[number]>;

/** What of the target a policy takes for itself: two policies that take the same conflict. */
function claimOf(policy: Policy): string {
  if (policy.kind !== 'CredentialInjectionPolicy') return policy.kind;
  const { target, headerName, queryParamName } = (policy as Item<'CredentialInjectionPolicy'>).spec;
  return `${target} ${(headerName ?? queryParamName ?? '').toLowerCase()}`.trim();
}

function* conflicts(world: World): Iterable<Found> {
  const first = new Map<string, Policy>();
  const policies = targetingKinds.flatMap((kind): readonly Policy[] => world.all(kind));
  // Creation times are not in git; by name, as GEP-713 breaks the tie.
  const ordered = [...policies].sort((a, b) =>
    `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1,
  );
  for (const policy of ordered) {
    const { manifest, namespace, spec } = policy;
    for (const [index, { kind, name, sectionName = '' }] of spec.targetRefs.entries()) {
      const claim = claimOf(policy);
      const key = JSON.stringify([claim, kind, namespace, name, sectionName]);
      const other = first.get(key);
      if (other === undefined) first.set(key, policy);
      if (other === undefined || other === policy) continue;
      const message = `${other.name} also sets ${claim} on ${kind} ${name}; the older one wins, of two equally old ones ${other.name}`;
      yield { manifest, path: ['spec', 'targetRefs', index], message };
    }
  }
}

export const policyConflict: Rule = {
  id: 'policy-conflict',
  severity: 'error',
  title: 'Two policies that want the same thing of one target',
  why: 'Only one of them applies (GEP-713: the older, then by name), the other is marked Conflicted. Which one that is depends on when they were created, which git does not show.',
  fix: 'Keep one, or give them different targets.',
  *check(world) {
    const own = new Set(
      targetingKinds.flatMap((kind): readonly Policy[] => world.own(kind)).map(({ manifest }) => manifest),
    );
    for (const found of conflicts(world)) if (own.has(found.manifest)) yield found;
  },
};
