/**
 * What a change of manifests adds to and takes from each agent's reach. Both sides are cut into the same cells and asked
 * about the same destinations, so renaming a route or naming what a wildcard already opened is no change. Pure.
 */
import { accessesAt } from './access.ts';
import { describeAccessChange, type ChangeKind, type Direction } from './access-change.ts';
import { agentsOf, reachKeyOf, type ReachAgent, type ReachDocuments } from './documents.ts';
import { mcpEssence } from './mcp.ts';
import type { Access, ReachDestination, ReachProtocol } from './outcome.ts';
import { partitionFor, regionsOf, type DestinationSet, type PortSpan, type Region } from './partition.ts';
import { agentNames, renderPlaces } from './words.ts';

export interface ReachChange {
  readonly agent: string;
  readonly direction: Direction;
  readonly kind: ChangeKind;
  readonly destinations: DestinationSet;
  readonly ports: readonly PortSpan[];
  readonly protocols: readonly ReachProtocol[];
  readonly sentence: string;
}

interface Pair {
  readonly before: readonly Access[];
  readonly after: readonly Access[];
}

/** Without what a person does not reach anything by: names of routes and gateways. */
function essence(accesses: readonly Access[]): string {
  return JSON.stringify(
    accesses.map(({ protocol, mcp, clauses, otherwise }) => [protocol, mcpEssence(mcp), clauses, otherwise]),
  );
}

function changedRegions(
  id: string,
  before: ReachAgent | undefined,
  after: ReachAgent | undefined,
): Region<Pair>[] {
  const none: ReachAgent = { id, gateways: [], missing: [] };
  const [old, now] = [before ?? none, after ?? none];
  const ask = (destination: ReachDestination): Pair | undefined => {
    const pair = { before: accessesAt(old, destination), after: accessesAt(now, destination) };
    return essence(pair.before) === essence(pair.after) ? undefined : pair;
  };
  const keyOf = (pair: Pair): string => `${essence(pair.before)} ${essence(pair.after)}`;
  return regionsOf(partitionFor([old, now]), { ask, keyOf });
}

function changesIn(
  { value, destinations, ports }: Region<Pair>,
  who: string,
): Array<Omit<ReachChange, 'agent'>> {
  const where = renderPlaces(destinations, ports);
  const protocols = [...new Set([...value.before, ...value.after].map(({ protocol }) => protocol))];
  const found = protocols.flatMap((protocol) => {
    const pick = (accesses: readonly Access[]) => accesses.find((access) => access.protocol === protocol);
    return describeAccessChange(pick(value.before), pick(value.after)).map((change) => ({
      protocol,
      ...change,
    }));
  });
  // What changed alike in several protocols is one change.
  const grouped = new Map<string, { change: (typeof found)[number]; protocols: ReachProtocol[] }>();
  for (const change of found) {
    const key = JSON.stringify([change.direction, change.kind, change.text]);
    const group = grouped.get(key) ?? { change, protocols: [] };
    group.protocols.push(change.protocol);
    grouped.set(key, group);
  }
  return [...grouped.values()].map(({ change, protocols: alike }) => {
    const over = alike.join() === 'HTTPS' ? '' : ` over ${alike.join(', ')}`;
    const sentence = `agent \`${who}\` ${change.text.replace('%', `${where}${over}`)}`;
    const { direction, kind } = change;
    return { direction, kind, destinations, ports, protocols: alike, sentence };
  });
}

export function diffReach(before: ReachDocuments, after: ReachDocuments): ReachChange[] {
  const [old, now] = [before, after].map(
    (documents) => new Map(agentsOf(documents).map((agent) => [agent.id, agent])),
  );
  const ids = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].sort();
  const nameOf = agentNames(ids);
  const known = new Map<string, Region<Pair>[]>();
  return ids.flatMap((id) => {
    const [was, is] = [old?.get(id), now?.get(id)];
    const key = JSON.stringify([was && reachKeyOf(was), is && reachKeyOf(is)]);
    const regions = known.get(key) ?? changedRegions(id, was, is);
    known.set(key, regions);
    return regions.flatMap((region) =>
      changesIn(region, nameOf(id)).map((change) => ({ agent: id, ...change })),
    );
  });
}
