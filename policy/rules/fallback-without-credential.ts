/** A fallback to a Backend that lacks the credential. */
import type { Found, Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import type { Item, World } from '../world.ts';

function* ofRoute(world: World, route: Item<'AIProviderRoute'>): Iterable<Found> {
  const topology = topologyOf(world);
  const onGateways = topology.gatewaysOf(route).some((gateway) => topology.credentialsOn(gateway).length > 0);
  const uses = topology.credentialsOn(route);
  if (onGateways || uses.length === 0 || uses.some(({ sectionName }) => sectionName === undefined)) return;
  const covered = new Set(uses.map(({ sectionName }) => sectionName));
  for (const [rule, { backendRefs = [] }] of route.spec.rules.entries()) {
    if (!backendRefs.some(({ name }) => covered.has(name))) continue;
    for (const [index, { name }] of backendRefs.entries()) {
      if (covered.has(name)) continue;
      const message = `Backend ${name} has no credential, others of this rule have one`;
      yield { manifest: route.manifest, path: ['spec', 'rules', rule, 'backendRefs', index], message };
    }
  }
}

export const fallbackWithoutCredential: Rule = {
  id: 'fallback-without-credential',
  severity: 'error',
  title: 'A fallback to a Backend that lacks the credential',
  why: 'Calls that go there, by weight or after a failure, leave unauthenticated and are refused: the fallback fails exactly when it is needed.',
  fix: 'Add a CredentialInjectionPolicy with sectionName of that Backend, or take it out of the rule.',
  promises: ['S39'],
  *check(world) {
    for (const route of world.own('AIProviderRoute')) yield* ofRoute(world, route);
  },
};
