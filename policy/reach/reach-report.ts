/** The closed set as a table's rows and as sentences. Pure; the CLI lays them out. */
import type { Access, Outcome, ReachProtocol } from './outcome.ts';
import type { AgentReach, AccessRegion } from './reach.ts';
import {
  agentNames,
  permitsOf,
  renderBudget,
  renderDestinations,
  renderOutcome,
  renderPlaces,
  renderPorts,
} from './words.ts';

export const reachHeaders = [
  'AGENT',
  'DESTINATION',
  'PORT',
  'PROTOCOL',
  'CALLS',
  'CREDENTIAL',
  'BUDGET',
  'GATEWAY',
] as const;

interface Line {
  readonly region: AccessRegion;
  /** What is the same in several protocols is said once. */
  readonly protocols: readonly ReachProtocol[];
  readonly gateway: string;
  readonly calls: string;
  readonly outcome: Outcome;
}

function linesOf(region: AccessRegion): Line[] {
  const groups = new Map<string, { access: Access; protocols: ReachProtocol[] }>();
  for (const access of region.value) {
    const { protocol, ...rest } = access;
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? { access, protocols: [] };
    group.protocols.push(protocol);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ access, protocols }) =>
    permitsOf(access).map(({ calls, outcome }) => ({
      region,
      protocols,
      gateway: access.gateway,
      calls,
      outcome,
    })),
  );
}

function destinationCell({ region, outcome }: Line): string {
  const from = renderDestinations(region.destinations);
  const pins = outcome.pinned === undefined ? '' : ` (at ${outcome.pinned.join(', ')})`;
  return outcome.backend === undefined
    ? `${from}${pins}`
    : `${from} → ${outcome.backend.host}:${outcome.backend.port}${pins}`;
}

/** One row a way; an agent that reaches nothing has one row that says so. */
export function reachRows(reach: readonly AgentReach[]): string[][] {
  const nameOf = agentNames(reach.map(({ agent }) => agent));
  return reach.flatMap(({ agent, regions }) => {
    const lines = regions.flatMap(linesOf);
    if (lines.length === 0) return [[nameOf(agent), 'nothing', '-', '-', '-', '-', '-', '-']];
    return lines.map((line) => [
      nameOf(agent),
      destinationCell(line),
      renderPorts(line.region.ports),
      line.protocols.join(', '),
      line.outcome.refused === undefined ? line.calls : `${line.calls} (refused: not in this version)`,
      line.outcome.credentials.join(', ') || '-',
      renderBudget(line.outcome.budgets) || '-',
      line.gateway,
    ]);
  });
}

export function reachSentences(reach: readonly AgentReach[]): string[] {
  const nameOf = agentNames(reach.map(({ agent }) => agent));
  return reach.flatMap(({ agent, regions, missingGateways }) => {
    const who = `agent \`${nameOf(agent)}\``;
    const missing = missingGateways.map(
      (id) => `${who} names the gateway \`${id}\`, which is not in these manifests`,
    );
    const lines = regions.flatMap(linesOf).map((line) => {
      const where = renderPlaces(line.region.destinations, line.region.ports);
      const how = [line.calls === 'every call' ? '' : line.calls, renderOutcome(line.outcome)].filter(
        (text) => text !== '',
      );
      return `${who} may reach ${where} over ${line.protocols.join(', ')}${how.length === 0 ? '' : `: ${how.join(', ')}`}`;
    });
    return [...(lines.length === 0 ? [`${who} may reach nothing`] : lines), ...missing];
  });
}
