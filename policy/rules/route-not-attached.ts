/** A route attaches to no listener of its parent. */
import type { Rule } from '../rule.ts';
import { routeKinds, topologyOf, type RouteItem } from '../topology.ts';

export const routeNotAttached: Rule = {
  id: 'route-not-attached',
  severity: 'error',
  title: 'A route attaches to no listener of its parent',
  why: 'The operator reports Accepted=False and the gateway opens nothing for the route. Attachment is as in the Gateway API: the parent must exist, have the named listener, and allow the kind and the namespace of the route.',
  fix: 'Name an EgressGateway and a listener that exist; to attach from another namespace, the gateway must say so in allowedRoutes.',
  *check(world) {
    const topology = topologyOf(world);
    for (const route of routeKinds.flatMap((kind): readonly RouteItem[] => world.own(kind))) {
      for (const [index, verdict] of topology.parentsOf(route).entries()) {
        if (verdict.attached) continue;
        const { name, namespace = route.namespace } = route.spec.parentRefs[index] ?? { name: '' };
        // Refused by its own schema: told there.
        const isKnown =
          world.has('EgressGateway', namespace, name) &&
          world.find('EgressGateway', namespace, name) === undefined;
        if (isKnown && verdict.reason === 'NoMatchingParent') continue;
        yield { manifest: route.manifest, path: ['spec', 'parentRefs', index], message: verdict.message };
      }
    }
  },
};
