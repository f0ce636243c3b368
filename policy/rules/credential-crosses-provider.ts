/** One credential is sent to more than one provider. */
import type { Found, Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import { backendOf, type Item, type World } from '../world.ts';

type ProviderRoute = Item<'AIProviderRoute'>;

/** Whose APIs the calls of this route end at. */
function apisOf(world: World, route: ProviderRoute): string[] {
  const apis = route.spec.rules.flatMap(({ matches = [], backendRefs = [] }) =>
    backendRefs.length === 0
      ? matches.map(({ provider }) => provider)
      : backendRefs.flatMap((ref) => backendOf(world, route.namespace, ref)?.spec.schema?.name ?? []),
  );
  return [...new Set<string>(apis)].sort();
}

function* ofRoute(world: World, route: ProviderRoute): Iterable<Found> {
  const apis = apisOf(world, route);
  if (apis.length < 2) return;
  for (const { policy, ref, sectionName } of topologyOf(world).credentialsOn(route)) {
    if (sectionName !== undefined) continue;
    const message = `the credential goes to every API of AIProviderRoute ${route.name}: ${apis.join(', ')}`;
    yield { manifest: policy.manifest, path: ['spec', 'targetRefs', ref], message };
  }
}

export const credentialCrossesProvider: Rule = {
  id: 'credential-crosses-provider',
  severity: 'error',
  title: 'One credential is sent to more than one provider',
  why: 'A policy on a whole route puts its Secret on every call of the route. With several providers or Backends behind it, one of them is given the key of another.',
  fix: 'Use one CredentialInjectionPolicy per Backend with sectionName, or one route per provider.',
  promises: ['S39'],
  *check(world) {
    for (const route of world.own('AIProviderRoute')) yield* ofRoute(world, route);
  },
};
