/** Resources with which no gateway starts, or none that serves. */
import { faultOfGatewayResources } from '../../api/index.ts';
import type { Rule } from '../rule.ts';

export const gatewayResourcesUnfit: Rule = {
  id: 'gateway-resources-unfit',
  severity: 'error',
  title: 'Resources with which a gateway cannot serve',
  why: 'A gateway runs one process for each whole CPU of limits.cpu, and each needs memory of its own. With less they are ended again and again, and with requests above the limits Kubernetes starts no container: every agent of the gateway is shut in.',
  fix: 'Give 192Mi or more for each whole CPU (unset: 1Gi each), and request no more than the limits.',
  *check(world) {
    for (const { manifest, spec } of world.own('EgressGateway')) {
      const message = spec.resources === undefined ? undefined : faultOfGatewayResources(spec.resources);
      if (message !== undefined) yield { manifest, path: ['spec', 'resources'], message };
    }
  },
};
