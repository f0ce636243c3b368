/** An EgressL4Route: hosts, addresses and ports a gateway opens without looking inside. */
import type { Construct } from 'constructs';
import type { EgressL4RouteSpec } from '../api/index.ts';
import { Cidr } from './cidr.ts';
import { piecesOf } from './continuation.ts';
import { present, refuse } from './custom-resource.ts';
import { EgressRoute, maxRules, type EgressRouteProps, type IEgressRoute } from './egress-route.ts';
import { problemOfCidr, problemOfHost } from './never-open.ts';
import { Port } from './port.ts';
import { extensionFilters, type RuleExtensions } from './route-extension.ts';
import { backendRefOf, type WeightedBackend } from './weighted-backend.ts';

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
  /**
   * Where it is dialled instead. Names, TLS and certificates stay those the agent asks for.
   *
   * @default where the agent sends it
   */
  readonly backends?: readonly WeightedBackend[];
}

/** An EgressL4Route made here or elsewhere. */
export interface IEgressL4Route extends IEgressRoute {
  readonly routeKind: 'EgressL4Route';
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

/** Everything but the destinations: those of equal conditions share a rule. */
interface Conditions {
  readonly key: string;
  readonly rest: Omit<MatchSpec, 'destinationHostnames' | 'destinationCIDRs'>;
  readonly filters: NonNullable<RuleSpec['filters']>;
  readonly backendRefs: NonNullable<RuleSpec['backendRefs']>;
}

interface OpenRule extends Conditions {
  readonly hosts: string[];
  readonly cidrs: string[];
}

// The CRD's own bounds.
const maxDestinations = 32;
const maxPorts = 32;

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
export class EgressL4Route extends EgressRoute implements IEgressL4Route {
  readonly routeKind = 'EgressL4Route';
  readonly #rules: OpenRule[] = [];

  /**
   * A route that somebody else makes.
   *
   * @example
   * ```ts
   * new EgressDenyPolicy(chart, 'no-uploads', { targets: [EgressL4Route.fromName('uploads')] });
   * ```
   */
  static fromName(name: string, namespace?: string): IEgressL4Route {
    return { name, namespace, routeKind: 'EgressL4Route' };
  }

  constructor(scope: Construct, id: string, props: EgressL4RouteProps = {}) {
    super(scope, id, 'EgressL4Route', props);
    for (const match of props.matches ?? []) this.addMatch(match);
  }

  /**
   * Opens more. Destinations with equal ports, agents and policies share a rule of the manifest, and what one object
   * has no room for is in further ones.
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
    // An empty list is every port to the gateway, and the opposite to whoever wrote it.
    if (match.ports?.length === 0) refuse(this, 'ports are empty; leave them out to mean every port');
    for (const ports of match.ports === undefined ? [undefined] : piecesOf(match.ports, maxPorts)) {
      const { rateLimit, logging, agents, backends } = match;
      const conditions = this.#conditionsOf(present({ rateLimit, logging, agents, backends, ports }));
      this.#fill(conditions, 'hosts', hosts);
      this.#fill(conditions, 'cidrs', cidrs);
    }
    this.growTo(Math.ceil(this.#rules.length / maxRules));
  }

  #conditionsOf({ ports, agents, rateLimit, logging, backends = [] }: L4Match): Conditions {
    const rest = present({
      ports: ports?.map((port) => this.#port(port)),
      protocol: 'TCP' as const,
      sourceAgents: agents === undefined ? undefined : { matchLabels: { ...agents } },
    });
    const filters = extensionFilters(this, present({ rateLimit, logging }));
    const backendRefs = backends.map((each) => backendRefOf(this, each));
    return { key: JSON.stringify([rest, filters, backendRefs]), rest, filters, backendRefs };
  }

  /** Into the rules of equal conditions that have room, and then into new ones: nothing that is there moves. */
  #fill(conditions: Conditions, kind: 'hosts' | 'cidrs', destinations: readonly string[]): void {
    for (const text of destinations) {
      const fits = (rule: OpenRule): boolean =>
        rule.key === conditions.key && rule[kind].length < maxDestinations;
      const rule = this.#rules.find(fits) ?? this.#addRule(conditions);
      rule[kind].push(text);
    }
  }

  #addRule(conditions: Conditions): OpenRule {
    const rule: OpenRule = { ...conditions, hosts: [], cidrs: [] };
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
  protected override specOf(part: number): EgressL4RouteSpec {
    const own = this.#rules.slice(part * maxRules, (part + 1) * maxRules);
    const rules = own.map(({ hosts, cidrs, rest, filters, backendRefs }) => ({
      matches: [
        {
          ...(hosts.length > 0 ? { destinationHostnames: hosts } : {}),
          ...(cidrs.length > 0 ? { destinationCIDRs: cidrs } : {}),
          ...rest,
        },
      ],
      ...(filters.length > 0 ? { filters } : {}),
      ...(backendRefs.length > 0 ? { backendRefs } : {}),
    }));
    return { parentRefs: this.parentRefs, rules };
  }
}
