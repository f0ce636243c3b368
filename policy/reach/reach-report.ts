/** The closed set as a table's rows and as sentences. Pure; the CLI lays them out. */
import type { StandingAnswer } from '../../decision/index.ts';
import { agentsOf, type ReachDocuments } from './documents.ts';
import { mannerParts } from './manner.ts';
import type { Access, Permit } from './permit.ts';
import type { AccessRegion, AgentReach } from './reach.ts';
import { setOffWords } from './set-off.ts';
import type { ReachProtocol } from './spot.ts';
import { standingCall, standingOf, standingOrigin, standingPlace, standingWords } from './standing.ts';
import { agentNames, callParts, renderDestinations, renderPlaces, renderPorts, wayParts } from './words.ts';

export const reachHeaders = [
  'AGENT',
  'DESTINATION',
  'PORT',
  'PROTOCOL',
  'CALLS',
  'CREDENTIAL',
  'WAY',
  'GATEWAY',
] as const;

interface Line {
  readonly region: AccessRegion;
  /** What is the same in several protocols is said once. */
  readonly protocols: readonly ReachProtocol[];
  readonly access: Access;
  readonly permit: Permit;
}

function linesOf(region: AccessRegion): Line[] {
  const lines = new Map<string, Line>();
  for (const access of region.value) {
    const { protocol, permits, ...rest } = access;
    for (const [index, permit] of permits.entries()) {
      const key = JSON.stringify([rest, index, permit]);
      const protocols = [...(lines.get(key)?.protocols ?? []), protocol];
      lines.set(key, { region, protocols, access, permit });
    }
  }
  return [...lines.values()];
}

function destinationCell({ region, permit: { way } }: Line): string {
  const from = renderDestinations(region.destinations);
  const pins = way.pinned === undefined ? '' : ` (at ${way.pinned.join(', ')})`;
  if (way.via !== undefined) return `${from} at ${way.via.host}:${way.via.port}${pins}`;
  return way.backend === undefined
    ? `${from}${pins}`
    : `${from} → ${way.backend.host}:${way.backend.port}${pins}`;
}

const plain = (parts: readonly string[]): string => parts.join('; ').replaceAll('`', '');

function standingRow(name: string, answer: StandingAnswer): string[] {
  const calls = `without asking: ${standingCall(answer)}`;
  const way = `until ${answer.until}; ${standingOrigin(answer)}`;
  const [port = ''] = standingPlace(answer).split(':').slice(-1);
  const host = standingPlace(answer).slice(0, -port.length - 1);
  return [name, host, port, 'HTTPS, HTTP', plain([calls]), '-', plain([way]), answer.gateway];
}

/**
 * One row a way; an agent that reaches nothing has one row that says so. One that events set off has one of them, and one for each
 * answer of a person that lasts.
 */
export function reachRows(reach: readonly AgentReach[]): string[][] {
  const nameOf = agentNames(reach.map(({ agent }) => agent));
  return reach.flatMap(({ agent, regions, setOffBy, standing }) => {
    const lines = regions.flatMap(linesOf);
    const setOff =
      setOffBy.length === 0
        ? []
        : [[nameOf(agent), '(itself)', '-', '-', plain([`may ${setOffWords(setOffBy)}`]), '-', '-', '-']];
    if (lines.length === 0) return [[nameOf(agent), 'nothing', '-', '-', '-', '-', '-', '-'], ...setOff];
    const ways = lines.map((line) => {
      const { permit, access, region, protocols } = line;
      const { credentials, ...way } = permit.way;
      const keys = credentials.map(({ policy, place, name, secret }) =>
        secret === undefined ? policy : `${secret.name}/${secret.key} in ${place} ${name}`,
      );
      return [
        nameOf(agent),
        destinationCell(line),
        renderPorts(region.ports),
        protocols.join(', '),
        plain(callParts(permit)) || 'every call',
        keys.join(', ') || '-',
        plain([...wayParts({ ...way, credentials: [] }), ...mannerParts(access.manner)]) || '-',
        access.gateway,
      ];
    });
    return [...ways, ...standing.map((each) => standingRow(nameOf(agent), each)), ...setOff];
  });
}

/** Of each agent, what persons allow it now. */
export function standingSentences(documents: ReachDocuments): string[] {
  const agents = agentsOf(documents);
  const nameOf = agentNames(agents.map(({ id }) => id));
  return agents.flatMap((agent) =>
    standingOf(agent, documents).map((each) => `agent \`${nameOf(agent.id)}\` may ${standingWords(each)}`),
  );
}

export function reachSentences(reach: readonly AgentReach[]): string[] {
  const nameOf = agentNames(reach.map(({ agent }) => agent));
  return reach.flatMap(({ agent, regions, missingGateways, setOffBy, standing }) => {
    const who = `agent \`${nameOf(agent)}\``;
    const missing = missingGateways.map(
      (id) => `${who} names the gateway \`${id}\`, which is not in these manifests`,
    );
    const lines = regions.flatMap(linesOf).map(({ region, protocols, access, permit }) => {
      const where = renderPlaces(region.destinations, region.ports);
      const parts = [...callParts(permit), ...wayParts(permit.way), ...mannerParts(access.manner)];
      const how = parts.length === 0 ? '' : `: ${parts.join('; ')}`;
      return `${who} may reach ${where} over ${protocols.join(', ')}${how}`;
    });
    const setOff = setOffBy.length === 0 ? [] : [`${who} may ${setOffWords(setOffBy)}`];
    const allowed = standing.map((each) => `${who} may ${standingWords(each)}`);
    const reached = lines.length === 0 ? [`${who} may reach nothing`] : lines;
    return [...reached, ...missing, ...allowed, ...setOff];
  });
}
