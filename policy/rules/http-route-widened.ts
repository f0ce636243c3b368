/** HTTP rules of a host that another route opens as a whole. */
import { isDenied } from '../destination-range.ts';
import type { Found, Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import { widenerOf } from '../widening.ts';
import type { Item, World } from '../world.ts';

function* judge(world: World, route: Item<'EgressHTTPRoute'>): Iterable<Found> {
  for (const gateway of topologyOf(world).gatewaysOf(route)) {
    const why = widenerOf(world, gateway, route);
    if (why === undefined) continue;
    const message = `${why}: calls that no rule of this route takes pass all the same`;
    yield { manifest: route.manifest, path: ['spec', 'hostnames'], message };
  }
}

export const httpRouteWidened: Rule = {
  id: 'http-route-widened',
  severity: 'warn',
  title: 'HTTP rules of a host that another route opens as a whole',
  why: 'Routes add to each other. Where an EgressL4Route or allow-all opens the host, the rules of an EgressHTTPRoute refuse nothing: they only say which calls carry its key.',
  fix: 'Take the host out of the EgressL4Route, or deny calls with an EgressDenyPolicy.',
  *check(world) {
    for (const route of world.own('EgressHTTPRoute')) {
      if (!isDenied(world, route)) yield* judge(world, route);
    }
  },
};
