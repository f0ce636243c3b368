/**
 * Whether something opens as a whole what a route governs call by call: an EgressL4Route of the same hosts, ports and agents, or a
 * gateway that opens all. For rules that ask what such a route is still worth.
 */
import { matchesHostname, matchesSelector, parseHostname, parseHostnamePattern } from '../contract/index.ts';
import { isDenied } from './destination-range.ts';
import { openingsOf, type Opening } from './opening.ts';
import { topologyOf, type GatewayItem, type RouteItem } from './topology.ts';
import type { World } from './world.ts';

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

function meets(world: World, gateway: GatewayItem, one: Opening, other: Opening): boolean {
  const shareName = other.hostnames.some((name) => one.hostnames.some((mine) => overlap(mine, name)));
  return shareName && sharePort(one, other) && shareAgent(world, gateway, one, other);
}

/** What opens a host of the route at this gateway as a whole, as the beginning of a sentence; undefined: nothing. */
export function widenerOf(world: World, gateway: GatewayItem, route: RouteItem): string | undefined {
  if (gateway.spec.defaultPolicy === 'allow-all') {
    return `EgressGateway ${gateway.namespace}/${gateway.name} is allow-all`;
  }
  const own = openingsOf(world, route);
  for (const { route: other } of topologyOf(world).routesOf(gateway)) {
    if (other.kind !== 'EgressL4Route' || isDenied(world, other)) continue;
    const theirs = openingsOf(world, other);
    if (own.some((one) => theirs.some((each) => meets(world, gateway, one, each)))) {
      return `EgressL4Route ${other.namespace}/${other.name} opens the host as a whole`;
    }
  }
  return undefined;
}
