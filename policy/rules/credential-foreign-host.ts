/** A credential that goes to a host that is not its provider's. */
import { backendsOf, isHostOf } from '../credential-host.ts';
import type { Found, Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import type { Item, World } from '../world.ts';

function foreignBackends(world: World, route: Item<'AIProviderRoute'>): string[] {
  const backends = route.spec.rules.flatMap((rule) => backendsOf(world, route.namespace, rule));
  const foreign = backends.filter(({ backend, host }) => !isHostOf(backend.spec.schema?.name ?? '', host));
  return [...new Set(foreign.map(({ backend, host }) => `Backend ${backend.name} (${host})`))].sort();
}

function* ofRoute(world: World, route: Item<'AIProviderRoute'>): Iterable<Found> {
  const foreign = foreignBackends(world, route);
  if (foreign.length === 0) return;
  for (const { policy, ref, sectionName } of topologyOf(world).credentialsOn(route)) {
    if (sectionName !== undefined) continue;
    const message = `the credential of the whole route goes to ${foreign.join(', ')}, which is no host of the provider`;
    yield { manifest: policy.manifest, path: ['spec', 'targetRefs', ref], message };
  }
}

export const credentialForeignHost: Rule = {
  id: 'credential-foreign-host',
  severity: 'error',
  title: 'A credential that goes to a host that is not its provider’s',
  why: 'A policy on a whole route puts its Secret on every call, wherever the route’s Backends are: adding a Backend then hands a provider’s key to whoever runs that host, and no diff of a credential shows it.',
  fix: 'Bind the credential to the one Backend it is for, with sectionName, in a policy of its own.',
  promises: ['S39'],
  *check(world) {
    for (const route of world.own('AIProviderRoute')) yield* ofRoute(world, route);
  },
};
