/** An EgressL4Route: hosts, addresses and ports a gateway opens without looking inside. */
import type { Construct } from 'constructs';
import type { EgressL4RouteSpec } from '../api/index.ts';
import { Cidr } from './cidr.ts';
import { present, refuse } from './custom-resource.ts';
import { EgressRoute, type EgressRouteProps } from './egress-route.ts';
import { problemOfCidr, problemOfHost } from './never-open.ts';
import { Port } from './port.ts';
import { extensionFilters, type RuleExtensions } from './route-extension.ts';

/** Where connections may go. Hosts and CIDRs are either-or; ports and agents narrow both. */
export interface L4Match extends RuleExtensions {
  /**
   * Exact names, or `*.` and a name for one more label.
   *
   * @default none
   */
  readonly hosts?: readonly string[];
  /**
   * Ranges of addresses; private ones are open only by this.
   *
   * @default none
   */
  readonly cidrs?: readonly (string | Cidr)[];
  /**
   * Destination ports.
   *
   * @default every port
   */
  readonly ports?: readonly (number | Port)[];
  /**
   * Labels of the agents it is for.
   *
   * @default every agent of the gateway
   */
  readonly agents?: Readonly<Record<string, string>>;
}

/** Properties of an EgressL4Route. */
export interface EgressL4RouteProps extends EgressRouteProps {
  /**
   * What it opens; more with addMatch.
   *
   * @default none yet
   */
  readonly matches?: readonly L4Match[];
}

type RuleSpec = EgressL4RouteSpec['rules'][number];
type MatchSpec = NonNullable<RuleSpec['matches']>[number];

interface OpenRule {
  /** Everything but the destinations: those of equal conditions share a rule. */
  readonly conditions: string;
  readonly hosts: string[];
  readonly cidrs: string[];
  readonly rest: Omit<MatchSpec, 'destinationHostnames' | 'destinationCIDRs'>;
  readonly filters: NonNullable<RuleSpec['filters']>;
}

// The CRD's own bound.
const maxDestinations = 32;

/**
 * Hosts, addresses and ports a gateway opens without looking inside.
 *
 * @example
 * ```ts
 * new EgressL4Route(chart, 'database', {
 *   gateways: [gateway],
 *   matches: [{ cidrs: ['10.20.0.0/16'], ports: [Port.tcp(5432)] }],
 * });
 * ```
 */
export class EgressL4Route extends EgressRoute {
  readonly routeKind = 'EgressL4Route';
  readonly #rules: OpenRule[] = [];

  constructor(scope: Construct, id: string, props: EgressL4RouteProps = {}) {
    super(scope, id, 'EgressL4Route', props);
    for (const match of props.matches ?? []) this.addMatch(match);
  }

  /**
   * Opens more. Destinations with equal ports, agents and policies share a rule of the manifest.
   *
   * @example
   * ```ts
   * const route = new EgressL4Route(chart, 'mail', { gateways: [gateway] });
   * route.addMatch({ hosts: ['smtp.example.com'], ports: [587], agents: { team: 'support' } });
   * ```
   */
  addMatch(match: L4Match): void {
    const hosts = match.hosts ?? [];
    const cidrs = (match.cidrs ?? []).map(String);
    if (hosts.length + cidrs.length === 0) refuse(this, 'a match needs hosts or cidrs');
    const problem = [...hosts.map(problemOfHost), ...cidrs.map(problemOfCidr)].find(
      (each) => each !== undefined,
    );
    if (problem !== undefined) refuse(this, problem);
    const rule = this.#ruleFor(match, Math.max(hosts.length, cidrs.length));
    rule.hosts.push(...hosts);
    rule.cidrs.push(...cidrs);
  }

  #ruleFor({ ports, agents, rateLimit, logging }: L4Match, room: number): OpenRule {
    const rest = present({
      ports: ports?.map((port) => this.#port(port)),
      protocol: 'TCP' as const,
      sourceAgents: agents === undefined ? undefined : { matchLabels: { ...agents } },
    });
    const filters = extensionFilters(this, present({ rateLimit, logging }));
    const conditions = JSON.stringify([rest, filters]);
    const fits = (rule: OpenRule): boolean =>
      rule.conditions === conditions &&
      Math.max(rule.hosts.length, rule.cidrs.length) + room <= maxDestinations;
    const found = this.#rules.find(fits);
    if (found !== undefined) return found;
    const rule: OpenRule = { conditions, hosts: [], cidrs: [], rest, filters };
    this.#rules.push(rule);
    return rule;
  }

  #port(port: number | Port): Port['spec'] {
    if (port instanceof Port) return port.spec;
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return { port };
    return refuse(this, `port ${port} must be a whole number from 1 to 65535`);
  }

  /** @internal */
  protected override get ruleCount(): number {
    return this.#rules.length;
  }

  /** @internal */
  protected override problems(): string[] {
    const large = this.#rules.some(
      ({ hosts, cidrs }) => Math.max(hosts.length, cidrs.length) > maxDestinations,
    );
    return [
      ...super.problems(),
      ...(large ? [`names more than ${maxDestinations} destinations in one match`] : []),
    ];
  }

  /** @internal */
  protected override toSpec(): EgressL4RouteSpec {
    const rules = this.#rules.map(({ hosts, cidrs, rest, filters }) => ({
      matches: [
        {
          ...(hosts.length > 0 ? { destinationHostnames: hosts } : {}),
          ...(cidrs.length > 0 ? { destinationCIDRs: cidrs } : {}),
          ...rest,
        },
      ],
      ...(filters.length > 0 ? { filters } : {}),
    }));
    return { parentRefs: this.parentRefs, rules };
  }
}
