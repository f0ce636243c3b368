/** HTTP rules of a host that another route opens as a whole. */
import {
  matchesHostname,
  matchesSelector,
  parseHostname,
  parseHostnamePattern,
} from '../../contract/index.ts';
import { isDenied } from '../destination-range.ts';
import { openingsOf, type Opening } from '../opening.ts';
import type { Found, Rule } from '../rule.ts';
import { topologyOf, type GatewayItem } from '../topology.ts';
import type { Item, World } from '../world.ts';

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseHostnamePattern(one), parseHostnamePattern(other)];
  const [nameA, nameB] = [parseHostname(one), parseHostname(other)];
  if (a === undefined || b === undefined) return false;
  if (nameA !== undefined) return matchesHostname(b, nameA);
  return nameB === undefined ? a === b : matchesHostname(a, nameB);
}

function sharePort({ ports }: Opening, { ports: others }: Opening): boolean {
  if (ports.length === 0 || others.length === 0) return true;
  return ports.some((a) => others.some((b) => a.start <= b.end && b.start <= a.end));
}

/** Of agents that are not here nobody can tell. */
function shareAgent(world: World, gateway: GatewayItem, one: Opening, other: Opening): boolean {
  const agents = topologyOf(world).agentsOf(gateway);
  const selectors = [one.agents, other.agents].filter((each) => each !== undefined);
  return (
    agents.length === 0 ||
    agents.some(({ labels }) => selectors.every((each) => matchesSelector(each, labels)))
  );
}

function wider(world: World, gateway: GatewayItem, route: Item<'EgressHTTPRoute'>): string | undefined {
  if (gateway.spec.defaultPolicy === 'allow-all') {
    return `EgressGateway ${gateway.namespace}/${gateway.name} is allow-all`;
  }
  const [own] = openingsOf(world, route);
  if (own === undefined) return undefined;
  for (const { route: other } of topologyOf(world).routesOf(gateway)) {
    if (other.kind !== 'EgressL4Route' || isDenied(world, other)) continue;
    const found = openingsOf(world, other).find(
      (each) =>
        each.hostnames.some((name) => own.hostnames.some((mine) => overlap(mine, name))) &&
        sharePort(own, each) &&
        shareAgent(world, gateway, own, each),
    );
    if (found !== undefined)
      return `EgressL4Route ${other.namespace}/${other.name} opens the host as a whole`;
  }
  return undefined;
}

function* judge(world: World, route: Item<'EgressHTTPRoute'>): Iterable<Found> {
  for (const gateway of topologyOf(world).gatewaysOf(route)) {
    const why = wider(world, gateway, route);
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
