/** A Backend inside the cluster that its gateway refuses to dial. */
import {
  gatewaysUsing,
  isPlaceAlone,
  isClusterHost,
  isPrivateHost,
  opensPrivately,
  upstreamsOf,
} from '../backend-use.ts';
import type { Rule } from '../rule.ts';

export const backendClosed: Rule = {
  id: 'backend-closed',
  severity: 'error',
  title: 'A Backend inside the cluster that its gateway refuses to dial',
  why: 'The name of a Service stands for a private address, as a private address does for itself, and gateways open private addresses only to an L4 route that names them or to a pin: every call of the rule is refused.',
  fix: 'Attach an EgressL4Route with the address range and port of the Service, or pin the name with upstreamTLS.hostAliases.',
  promises: ['S26'],
  *check(world) {
    for (const backend of world.own('Backend')) {
      for (const upstream of upstreamsOf(world, backend)) {
        // Of an address that others send calls to backend-by-address says why it is refused.
        const isNear =
          isClusterHost(upstream.host) || (isPlaceAlone(world, backend) && isPrivateHost(upstream.host));
        if (!isNear) continue;
        const closed = gatewaysUsing(world, backend).filter(
          (gateway) => !opensPrivately(world, gateway, upstream),
        );
        if (closed.length === 0) continue;
        const names = closed.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
        const what = isPrivateHost(upstream.host) ? 'is' : 'has';
        const message = `${upstream.host} ${what} a private address, which EgressGateway ${names} does not open on port ${upstream.port}`;
        yield { manifest: backend.manifest, path: ['spec', 'upstream', 'host'], message };
      }
    }
  },
};
