/** One credential is sent to several parties. */
import { commonProvider, hostsOfTarget, ownerOf } from '../credential-host.ts';
import type { Found, Rule } from '../rule.ts';
import type { CredentialItem } from '../topology.ts';
import type { World } from '../world.ts';

interface Use {
  readonly policy: CredentialItem;
  readonly ref: number;
  readonly kind: string;
  readonly hosts: readonly string[];
}

/** A credential is its Secret and the key in it, whichever policy names them. */
function usesBySecret(world: World): Use[][] {
  const known = new Map<string, Use[]>();
  for (const policy of world.all('CredentialInjectionPolicy')) {
    const { secretRef, secretKey = 'token', targetRefs } = policy.spec;
    const key = JSON.stringify([policy.namespace, secretRef.name, secretKey]);
    const uses = targetRefs.map((target, ref) => ({
      ...{ policy, ref, kind: target.kind },
      hosts: hostsOfTarget(world, policy, target),
    }));
    known.set(key, [...(known.get(key) ?? []), ...uses]);
  }
  return [...known.values()];
}

const maxShown = 5;

function render(names: readonly string[]): string {
  const shown = names.slice(0, maxShown).join(', ');
  return names.length > maxShown ? `${shown} and ${names.length - maxShown} more` : shown;
}

/** Of a gateway every host counts: whoever adds a route to it adds a host that gets the key. */
function problemOfGateway({ kind, hosts }: Use): string | undefined {
  if (kind !== 'EgressGateway' || hosts.length < 2 || commonProvider(hosts) !== undefined) return undefined;
  return `the credential goes to every host of the gateway: ${render(hosts)}`;
}

function* ofSecret(uses: readonly Use[]): Iterable<Found> {
  const owners = [...new Set(uses.flatMap(({ hosts }) => hosts.map(ownerOf)))].sort();
  const [only] = uses;
  // Several providers behind one route: credential-crosses-provider and credential-foreign-host tell it.
  const isToldElsewhere = uses.length === 1 && only?.kind === 'AIProviderRoute';
  const shared = owners.length > 1 && !isToldElsewhere;
  for (const use of uses) {
    const { policy, ref } = use;
    const message =
      problemOfGateway(use) ??
      (shared
        ? `Secret ${policy.spec.secretRef.name} goes to hosts of several owners: ${render(owners)}`
        : undefined);
    if (message !== undefined)
      yield { manifest: policy.manifest, path: ['spec', 'targetRefs', ref], message };
  }
}

export const credentialManyHosts: Rule = {
  id: 'credential-many-hosts',
  severity: 'error',
  title: 'One credential is sent to several parties',
  why: 'Whoever runs one of the hosts can use the key at the others. A policy on a whole gateway is the widest: every route that is added later adds a host that gets the key.',
  fix: 'Target the route or the Backend the key is for, and use a Secret for each party.',
  promises: ['S39'],
  *check(world) {
    const own = new Set(world.own('CredentialInjectionPolicy').map(({ manifest }) => manifest));
    for (const uses of usesBySecret(world)) {
      for (const found of ofSecret(uses)) if (own.has(found.manifest)) yield found;
    }
  },
};
