/** An MCPRoute: MCP servers a gateway opens, which of their tools may be called, and with which key. */
import type { Construct } from 'constructs';
import type { MCPRouteSpec } from '../api/index.ts';
import { piecesOf } from './continuation.ts';
import type { ICredentialTarget } from './credential-injection-policy.ts';
import { present, refuse } from './custom-resource.ts';
import { maxRules, type IEgressRoute } from './egress-route.ts';
import { KeyedRoute, type KeyedRouteProps } from './keyed-route.ts';
import { splitMatch } from './match-split.ts';
import { problemOfHost } from './never-open.ts';
import { extensionFilters, type RuleExtensions } from './route-extension.ts';
import type { Tools } from './tools.ts';
import { backendRefOf, type WeightedBackend } from './weighted-backend.ts';

/** An MCPRoute made here or elsewhere. */
export interface IMCPRoute extends IEgressRoute, ICredentialTarget {
  readonly routeKind: 'MCPRoute';
  readonly credentialTargetKind: 'MCPRoute';
}

/** The calls a rule is for: those that fit all of what is set. */
export interface MCPMatch {
  /**
   * Hosts of the route.
   *
   * @default all of them
   */
  readonly servers?: readonly string[];
  /**
   * Globs over the tool called.
   *
   * @default every tool
   */
  readonly tools?: readonly string[];
  /**
   * Globs over the URI of the resource read.
   *
   * @default every resource
   */
  readonly resources?: readonly string[];
  /**
   * Globs over the JSON-RPC method, such as `tools/*`.
   *
   * @default every method
   */
  readonly methods?: readonly string[];
}

/** What happens to some calls. */
export interface MCPRule extends RuleExtensions {
  /**
   * The calls, any of these.
   *
   * @default every call
   */
  readonly matches?: readonly MCPMatch[];
  /**
   * Which tools may be called.
   *
   * @default every tool
   */
  readonly tools?: Tools;
  /**
   * Where the calls go. Give all rules of a route the same, or none: a session lives at one server.
   *
   * @default the host the agent asked for
   */
  readonly backends?: readonly WeightedBackend[];
}

/** Properties of an MCPRoute. */
export interface MCPRouteProps extends KeyedRouteProps {
  /** Names of the MCP servers, reached on port 443: exact, or `*.` and a name for one more label. */
  readonly hosts: readonly string[];
  /**
   * Rules, tried in order; more with addRule.
   *
   * @default every call passes
   */
  readonly rules?: readonly MCPRule[];
  /**
   * What the servers may not ask of the agent: an answer of its model, input of its user, its directories, or anything else.
   *
   * @default they may ask for everything
   */
  readonly denyServerRequests?: readonly ServerRequest[];
}

/** What an MCP server asks of its client. */
export type ServerRequest = 'Sampling' | 'Elicitation' | 'Roots' | 'Other';

type RuleSpec = NonNullable<MCPRouteSpec['rules']>[number];
type MatchSpec = NonNullable<RuleSpec['matches']>[number];

// The CRD's own bounds.
const maxHosts = 16;
const maxMatches = 8;
const matchBounds = { servers: 16, tools: 32, resources: 32, methods: 32 } as const;

/**
 * MCP servers a gateway opens, which of their tools may be called, and with which key.
 *
 * @example
 * ```ts
 * new MCPRoute(chart, 'github', {
 *   gateways: [gateway],
 *   hosts: ['mcp.github.com'],
 *   rules: [{ tools: Tools.allow('search_*', 'get_issue').atMost(50) }],
 *   credential: Credential.bearer({ name: 'github' }),
 * });
 * ```
 */
export class MCPRoute extends KeyedRoute implements IMCPRoute {
  readonly routeKind = 'MCPRoute';
  readonly credentialTargetKind = 'MCPRoute';
  readonly #hosts: string[] = [];
  readonly #rules: RuleSpec[] = [];
  readonly #deniedRequests: readonly ServerRequest[] | undefined;
  #hasCounted = false;

  /**
   * A route that somebody else makes.
   *
   * @example
   * ```ts
   * new CredentialInjectionPolicy(chart, 'key', {
   *   credential: Credential.bearer({ name: 'github' }),
   *   targets: [MCPRoute.fromName('github')],
   * });
   * ```
   */
  static fromName(name: string, namespace?: string): IMCPRoute {
    return { name, namespace, routeKind: 'MCPRoute', credentialTargetKind: 'MCPRoute' };
  }

  constructor(scope: Construct, id: string, props: MCPRouteProps) {
    super(scope, id, 'MCPRoute', props);
    if (props.hosts.length === 0) refuse(this, 'needs a host');
    this.#deniedRequests = props.denyServerRequests;
    for (const host of props.hosts) this.addHost(host);
    for (const rule of props.rules ?? []) this.addRule(rule);
    if (props.credential !== undefined) this.addCredential(props.credential);
  }

  /**
   * Opens one more server.
   *
   * @example
   * ```ts
   * gateway.allowMcp('mcp.example.com').addHost('mcp-eu.example.com');
   * ```
   */
  addHost(host: string): void {
    const problem = problemOfHost(host);
    if (problem !== undefined) refuse(this, problem);
    this.#hosts.push(host);
    this.growTo(Math.ceil(this.#hosts.length / maxHosts));
  }

  /**
   * One more rule, tried after those that are there.
   *
   * @example
   * ```ts
   * const route = new MCPRoute(chart, 'files', { gateways: [gateway], hosts: ['mcp.example.com'] });
   * route.addRule({ matches: [{ methods: ['tools/*'] }], tools: Tools.deny('delete_*') });
   * ```
   */
  addRule({ matches = [], tools, backends, ...extensions }: MCPRule): void {
    const filters = [
      ...(tools === undefined ? [] : [{ type: 'ToolPolicy' as const, toolPolicy: tools.spec }]),
      ...extensionFilters(this, extensions),
    ];
    const split = matches.flatMap((match) => splitMatch(this.#matchOf(match), matchBounds));
    if (tools?.isCounted === true || extensions.rateLimit !== undefined) this.#count(split.length);
    for (const each of piecesOf(split, maxMatches)) {
      this.#rules.push({
        ...(each.length > 0 ? { matches: each } : {}),
        ...(filters.length > 0 ? { filters } : {}),
        ...present({ backendRefs: backends?.map((sent) => backendRefOf(this, sent)) }),
      });
    }
  }

  #count(matches: number): void {
    this.#hasCounted = true;
    if (matches <= maxMatches) return;
    const most = `a rule with a limit takes ${maxMatches} matches, not ${matches}`;
    refuse(this, `${most}: each of several would count alone`);
  }

  #matchOf(match: MCPMatch): MatchSpec {
    const { servers, tools, resources, methods } = match;
    // An empty list is everything to the gateway, and the opposite to whoever wrote it.
    for (const [field, list] of Object.entries({ servers, tools, resources, methods })) {
      if (list?.length === 0) refuse(this, `${field} are empty; leave them out to mean all of them`);
    }
    return present({
      servers: servers && [...servers],
      tools: tools && [...tools],
      resources: resources && [...resources],
      methods: methods && [...methods],
    });
  }

  /** @internal */
  protected override get ruleCount(): number {
    // A route without rules is whole: it lets every call to its hosts pass.
    return Math.max(1, this.#rules.length);
  }

  /** @internal */
  protected override problems(): string[] {
    const [hosts, rules] = [this.#hosts.length, this.#rules.length];
    return [
      ...super.problems(),
      ...(rules > maxRules ? [`has ${rules} rules, at most ${maxRules} fit; make a second route`] : []),
      ...(this.partCount > 1 && this.#hasCounted
        ? [
            `has a limit over ${hosts} hosts, at most ${maxHosts} fit: each object of several would count alone`,
          ]
        : []),
    ];
  }

  /** @internal */
  protected override specOf(part: number): MCPRouteSpec {
    const hostnames = this.#hosts.slice(part * maxHosts, (part + 1) * maxHosts);
    const rules = this.#rules.length > 0 ? this.#rules : undefined;
    const deniedServerRequests = this.#deniedRequests && [...this.#deniedRequests];
    return present({ parentRefs: this.parentRefs, hostnames, deniedServerRequests, rules });
  }
}
