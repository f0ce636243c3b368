/** A credential for every host of a wildcard. */
import type { Rule } from '../rule.ts';

export const httpWildcardCredential: Rule = {
  id: 'http-wildcard-credential',
  severity: 'warn',
  title: 'A credential for every host of a wildcard',
  why: 'Whoever can have a name below the wildcard gets the key: a preview environment, a forgotten subdomain, a tenant of the supplier.',
  fix: 'Name the hosts that need the key in a route of their own, and leave the wildcard without one.',
  promises: ['S39'],
  *check(world) {
    for (const { manifest, namespace, spec } of world.own('CredentialInjectionPolicy')) {
      for (const [index, { kind, name }] of spec.targetRefs.entries()) {
        const route = kind === 'EgressHTTPRoute' ? world.find(kind, namespace, name) : undefined;
        const wildcard = route?.spec.hostnames.find((host) => host.startsWith('*.'));
        if (wildcard === undefined) continue;
        const message = `the credential goes to every host of "${wildcard}"`;
        yield { manifest, path: ['spec', 'targetRefs', index], message };
      }
    }
  },
};
