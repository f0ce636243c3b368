/** An EgressL4Route: hosts, addresses and ports a gateway opens without looking inside. */
import type { Construct } from 'constructs';
import type { EgressL4RouteSpec } from '../api/index.ts';
import { present, refuse } from './custom-resource.ts';
import { EgressRoute, type EgressRouteProps } from './egress-route.ts';
import { problemOfCidr, problemOfHost } from './never-open.ts';

export interface PortRange {
  readonly startPort: number;
  readonly endPort: number;
}

/** Hosts and CIDRs are either-or; ports and agents narrow both. */
export interface L4Match {
  /** Exact names, or `*.` and a name for one more label. */
  readonly hosts?: readonly string[];
  readonly cidrs?: readonly string[];
  /** @default every port */
  readonly ports?: readonly (number | PortRange)[];
  /** Labels of the agents it is for. @default every agent of the gateway */
  readonly agents?: Readonly<Record<string, string>>;
}

export interface EgressL4RouteProps extends EgressRouteProps {
  readonly matches?: readonly L4Match[];
}

type RuleSpec = EgressL4RouteSpec['rules'][number];
type PortSpec = NonNullable<NonNullable<RuleSpec['matches']>[number]['ports']>[number];

export class EgressL4Route extends EgressRoute<RuleSpec> {
  constructor(scope: Construct, id: string, props: EgressL4RouteProps = {}) {
    super(scope, id, 'EgressL4Route', props);
    for (const match of props.matches ?? []) this.addMatch(match);
  }

  addMatch(match: L4Match): void {
    const { hosts, cidrs, ports, agents } = match;
    this.#refuseDestinations(match);
    const sourceAgents = agents === undefined ? undefined : { matchLabels: { ...agents } };
    this.pushRule({
      matches: [
        present({
          destinationHostnames: hosts && [...hosts],
          destinationCIDRs: cidrs && [...cidrs],
          ports: ports?.map((port) => this.#port(port)),
          protocol: 'TCP' as const,
          sourceAgents,
        }),
      ],
    });
  }

  #refuseDestinations({ hosts = [], cidrs = [] }: L4Match): void {
    if (hosts.length + cidrs.length === 0) refuse(this, 'a match needs hosts or cidrs');
    const problems = [...hosts.map(problemOfHost), ...cidrs.map(problemOfCidr)];
    const problem = problems.find((each) => each !== undefined);
    if (problem !== undefined) refuse(this, problem);
  }

  #port(port: number | PortRange): PortSpec {
    const { startPort, endPort } = typeof port === 'number' ? { startPort: port, endPort: port } : port;
    for (const end of [startPort, endPort]) {
      if (!Number.isInteger(end) || end < 1 || end > 65_535) refuse(this, `port ${end} is none`);
    }
    if (startPort > endPort) refuse(this, `port range ${startPort}-${endPort} is empty`);
    return typeof port === 'number' ? { port } : { startPort, endPort };
  }
}
