/** A Backend named by its address. */
import { isIP } from 'node:net';
import { isPlaceAlone, upstreamOf } from '../backend-use.ts';
import type { Rule } from '../rule.ts';

export const backendByAddress: Rule = {
  id: 'backend-by-address',
  severity: 'error',
  title: 'A Backend named by its address',
  why: 'The gateway speaks TLS to a Backend and checks its certificate by name; an address has none, so every call of the rule is refused with 503.',
  fix: 'Name the host, and pin its address with upstreamTLS.hostAliases of the gateway where DNS does not know it.',
  promises: ['S27'],
  *check(world) {
    for (const backend of world.own('Backend')) {
      const { host } = upstreamOf(backend) ?? { host: '' };
      if (isIP(host) === 0 || isPlaceAlone(world, backend)) continue;
      const path = ['spec', 'upstream', 'host'];
      yield {
        manifest: backend.manifest,
        path,
        message: `${host} is an address; a Backend is dialled by name`,
      };
    }
  },
  admission: [
    {
      resources: ['backends'],
      expression:
        '!has(object.spec.schema) || !has(object.spec.upstream) || !isIP(object.spec.upstream.host)',
      message: 'a Backend is dialled by name: pin its address with upstreamTLS.hostAliases of the gateway',
    },
  ],
};
