/** Where a way leads, as short as a person writes it in a test: `api.github.com:443`. Pure. */
import type { AgentReach } from '../../policy/index.ts';

type Region = AgentReach['regions'][number];

const except = (texts: readonly string[]): string =>
  texts.length === 0 ? '' : ` except ${texts.join(', ')}`;

function hostsOf({ names, wildcards, others, addresses }: Region['destinations']): string[] {
  const left = except(addresses.except);
  return [
    ...names,
    ...wildcards.map((each) => `${each.pattern}${except(each.except)}`),
    ...(others === undefined ? [] : [`every other name${except(others.except)}`]),
    ...addresses.cidrs.map((cidr) => `${cidr}${left}`),
  ];
}

/** `443`, `8000-8010`, and `*` for every port. */
function portsOf(ports: Region['ports']): string[] {
  return ports.map(({ start, end }) => {
    if (start === 1 && end === 65_535) return '*';
    return start === end ? String(start) : `${start}-${end}`;
  });
}

/** One text for each destination and run of ports, `host:port`. */
export function placesOf({ regions }: AgentReach): string[] {
  const places = regions.flatMap(({ destinations, ports }) =>
    hostsOf(destinations).flatMap((host) => portsOf(ports).map((port) => `${host}:${port}`)),
  );
  return [...new Set(places)].sort();
}
