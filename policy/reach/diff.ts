/**
 * What a change of manifests adds to, takes from and changes in each agent's reach. Both sides are cut into the same cells and
 * asked about the same destinations, so renaming a route or naming what a wildcard already opened is no change. Pure.
 */
import { describeAccessChange, type ChangeKind, type Direction, type Side } from './access-change.ts';
import { Describer } from './describe.ts';
import { agentsOf, reachKeyOf, type ReachAgent, type ReachDocuments } from './documents.ts';
import { partitionFor, regionsOf, type DestinationSet, type PortSpan, type Region } from './partition.ts';
import { beyond, setOffWords } from './set-off.ts';
import { reachProtocols, spotsAt, type ReachDestination, type ReachProtocol } from './spot.ts';
import { standingChanges, standingOf } from './standing.ts';
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

interface DatedAgent {
  readonly agent: ReachAgent | undefined;
  readonly documents: ReachDocuments;
}

interface Pair {
  readonly before: readonly Side[];
  readonly after: readonly Side[];
}

/** Without what a person does not reach anything by: names of routes, gateways, policies and Backends. */
function essence(sides: readonly Side[]): string {
  const accesses = sides.flatMap(({ access }) =>
    access === undefined ? [] : [[access.protocol, access.manner, access.permits]],
  );
  return JSON.stringify(accesses, (key, value: unknown) => {
    if (key === 'policy') return undefined;
    return (key === 'backend' || key === 'via') && typeof value === 'object'
      ? { ...value, name: undefined }
      : value;
  });
}

function changedRegions(
  id: string,
  [before, after]: readonly [ReachAgent | undefined, ReachAgent | undefined],
  describer: Describer,
): Region<Pair>[] {
  const none: ReachAgent = { id, gateways: [], missing: [] };
  const [old, now] = [before ?? none, after ?? none];
  const sidesAt = (agent: ReachAgent, destination: ReachDestination): Side[] =>
    spotsAt(agent, destination).map((spot) => ({ spot, access: describer.describe(spot) }));
  const ask = (destination: ReachDestination): Pair | undefined => {
    const pair = { before: sidesAt(old, destination), after: sidesAt(now, destination) };
    return essence(pair.before) === essence(pair.after) ? undefined : pair;
  };
  const keyOf = (pair: Pair): string => `${essence(pair.before)} ${essence(pair.after)}`;
  return regionsOf(partitionFor([old, now]), { ask, keyOf });
}

function changesIn(
  { value, destinations, ports }: Region<Pair>,
  who: string,
  describer: Describer,
): Array<Omit<ReachChange, 'agent'>> {
  const where = renderPlaces(destinations, ports);
  const pick = (sides: readonly Side[], protocol: ReachProtocol): Side | undefined =>
    sides.find(({ spot }) => spot.protocol === protocol);
  const found = reachProtocols.flatMap((protocol) =>
    describeAccessChange(pick(value.before, protocol), pick(value.after, protocol), describer.spaces).map(
      (change) => ({ protocol, ...change }),
    ),
  );
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
    const { direction, kind, text } = change;
    const at = text.indexOf('%');
    const sentence = `agent \`${who}\` ${text.slice(0, at)}${where}${over}${text.slice(at + 1)}`;
    return { direction, kind, destinations, ports, protocols: alike, sentence };
  });
}

const nowhere: DestinationSet = { names: [], wildcards: [], addresses: { cidrs: [], except: [] } };

/** Nothing where one side does not say what persons allowed. */
function approvalChanges(
  id: string,
  who: string,
  [before, after]: readonly [DatedAgent, DatedAgent],
): ReachChange[] {
  if (before.documents.standing === undefined || after.documents.standing === undefined) return [];
  const [old, now] = [before, after].map(({ agent, documents }) =>
    agent === undefined ? [] : standingOf(agent, documents),
  );
  return standingChanges(old ?? [], now ?? []).map(({ direction, text }) => ({
    ...{ agent: id, direction, kind: 'approval' as const, destinations: nowhere, ports: [], protocols: [] },
    sentence: `agent \`${who}\` ${text}`,
  }));
}

/** Nothing where one side does not say what sets its agents off. */
function setOffChanges(
  id: string,
  who: string,
  [before, after]: readonly [ReachDocuments, ReachDocuments],
): ReachChange[] {
  if (before.heard === undefined || after.heard === undefined) return [];
  const [old, now] = [before.heard.get(id) ?? [], after.heard.get(id) ?? []];
  const changes = [
    { direction: 'added', subjects: beyond(now, old), may: 'may now' },
    { direction: 'removed', subjects: beyond(old, now), may: 'may no longer' },
  ] as const;
  return changes
    .filter(({ subjects }) => subjects.length > 0)
    .map(({ direction, subjects, may }) => ({
      ...{ agent: id, direction, kind: 'trigger' as const, destinations: nowhere, ports: [], protocols: [] },
      sentence: `agent \`${who}\` ${may} ${setOffWords(subjects)}`,
    }));
}

export function diffReach(
  before: ReachDocuments,
  after: ReachDocuments,
  describer = new Describer(),
): ReachChange[] {
  const [old, now] = [before, after].map(
    (documents) => new Map(agentsOf(documents).map((agent) => [agent.id, agent])),
  );
  const ids = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].sort();
  const nameOf = agentNames(ids);
  const known = new Map<string, Region<Pair>[]>();
  return ids.flatMap((id) => {
    const [was, is] = [old?.get(id), now?.get(id)];
    const key = JSON.stringify([was && reachKeyOf(was), is && reachKeyOf(is)]);
    const regions = known.get(key) ?? changedRegions(id, [was, is], describer);
    known.set(key, regions);
    const reached = regions.flatMap((region) =>
      changesIn(region, nameOf(id), describer).map((change) => ({ agent: id, ...change })),
    );
    const sides = [
      { agent: was, documents: before },
      { agent: is, documents: after },
    ] as const;
    const allowed = approvalChanges(id, nameOf(id), sides);
    return [...reached, ...allowed, ...setOffChanges(id, nameOf(id), [before, after])];
  });
}

/** Which exit `--fail-on-added` and `--fail-on-changed` come to: does one of the changes fail? */
export function failsOn(
  changes: ReadonlyArray<Pick<ReachChange, 'direction'>>,
  { added, changed }: { readonly added: boolean; readonly changed: boolean },
): boolean {
  return changes.some(
    ({ direction }) => (added && direction === 'added') || (changed && direction === 'changed'),
  );
}
