/** An EgressHTTPRoute: which HTTP calls to which hosts a gateway lets through, and with which key. */
import type { Construct } from 'constructs';
import type { EgressHTTPRouteSpec } from '../api/index.ts';
import { piecesOf } from './continuation.ts';
import type { ICredentialTarget } from './credential-injection-policy.ts';
import { present, refuse } from './custom-resource.ts';
import { maxRules, type IEgressRoute } from './egress-route.ts';
import type { Http } from './http.ts';
import { KeyedRoute, type KeyedRouteProps } from './keyed-route.ts';
import { problemOfHost } from './never-open.ts';
import { extensionFilters, type RuleExtensions } from './route-extension.ts';

/** An EgressHTTPRoute made here or elsewhere. */
export interface IEgressHTTPRoute extends IEgressRoute, ICredentialTarget {
  readonly routeKind: 'EgressHTTPRoute';
  readonly credentialTargetKind: 'EgressHTTPRoute';
}

/** What changes in the head of calls after they were judged. A header that a credential writes is the credential's. */
export interface HttpHeaders {
  /**
   * Sent once, in place of the agent's.
   *
   * @default none
   */
  readonly set?: Readonly<Record<string, string>>;
  /**
   * Sent beside the agent's.
   *
   * @default none
   */
  readonly add?: Readonly<Record<string, string>>;
  /**
   * Not sent.
   *
   * @default none
   */
  readonly remove?: readonly string[];
  /**
   * Taken out of answers.
   *
   * @default none
   */
  readonly hide?: readonly string[];
}

/** What calls to its hosts are for. */
export interface EgressHTTPOptions extends RuleExtensions {
  /**
   * Destination ports.
   *
   * @default 443
   */
  readonly ports?: readonly number[];
  /**
   * Labels of the agents it is for.
   *
   * @default every agent of the gateway
   */
  readonly agents?: Readonly<Record<string, string>>;
  /**
   * Headers that the gateway changes, of every rule.
   *
   * @default none
   */
  readonly headers?: HttpHeaders;
}

/** Properties of an EgressHTTPRoute. */
export interface EgressHTTPRouteProps extends KeyedRouteProps, EgressHTTPOptions {
  /** Names of the hosts: exact, or `*.` and a name for one more label. */
  readonly hosts: readonly string[];
  /**
   * Calls that pass; more with addRule.
   *
   * @default none yet
   */
  readonly rules?: readonly Http[];
}

type RuleSpec = EgressHTTPRouteSpec['rules'][number];

/** Calls that stand one after another and are all asked about, or none: their order is kept, and they fill rules together. */
interface RuleGroup extends Pick<RuleSpec, 'approval'> {
  readonly matches: RuleSpec['matches'];
}

// The CRD's own bounds.
const maxHosts = 16;
const maxMatches = 16;

/**
 * HTTP calls to hosts that a gateway lets through, each judged alone, and with which key they go. What no rule takes is
 * refused, and so is everything that is not HTTP.
 *
 * @example
 * ```ts
 * new EgressHTTPRoute(chart, 'github', {
 *   gateways: [gateway],
 *   hosts: ['api.github.com'],
 *   rules: [Http.get('/repos/acme/**')],
 *   credential: Credential.bearer({ name: 'github' }),
 * });
 * ```
 */
export class EgressHTTPRoute extends KeyedRoute implements IEgressHTTPRoute {
  readonly routeKind = 'EgressHTTPRoute';
  readonly credentialTargetKind = 'EgressHTTPRoute';
  readonly #props: EgressHTTPRouteProps;
  readonly #groups: RuleGroup[] = [];

  /**
   * A route that somebody else makes.
   *
   * @example
   * ```ts
   * new CredentialInjectionPolicy(chart, 'key', {
   *   credential: Credential.bearer({ name: 'github' }),
   *   targets: [EgressHTTPRoute.fromName('github')],
   * });
   * ```
   */
  static fromName(name: string, namespace?: string): IEgressHTTPRoute {
    return { name, namespace, routeKind: 'EgressHTTPRoute', credentialTargetKind: 'EgressHTTPRoute' };
  }

  constructor(scope: Construct, id: string, props: EgressHTTPRouteProps) {
    super(scope, id, 'EgressHTTPRoute', props);
    this.#props = props;
    const { hosts, ports } = props;
    if (hosts.length === 0) refuse(this, 'needs a host');
    if (hosts.length > maxHosts) refuse(this, `has ${hosts.length} hosts, at most ${maxHosts} fit`);
    const problem = hosts.map(problemOfHost).find((each) => each !== undefined);
    if (problem !== undefined) refuse(this, problem);
    if (ports?.length === 0) refuse(this, 'ports are empty; leave them out to mean 443');
    for (const rule of props.rules ?? []) this.addRule(rule);
    if (props.credential !== undefined) this.addCredential(props.credential);
  }

  /**
   * Lets more calls through. What one object has no room for is in further ones.
   *
   * @example
   * ```ts
   * const github = gateway.allowHttp('api.github.com', { rules: [Http.get('/repos/acme/**')] });
   * github.addRule(Http.post('/repos/acme/{repo}/issues'));
   * ```
   */
  addRule(rule: Http): void {
    const approval = rule.isAsked ? ('Required' as const) : undefined;
    const last = this.#groups.at(-1);
    if (last !== undefined && last.approval === approval) last.matches.push(...rule.matches);
    else this.#groups.push({ matches: [...rule.matches], ...present({ approval }) });
    if (this.#props.rateLimit !== undefined && this.ruleCount > maxRules) {
      refuse(this, `has more rules than fit into one route: with a limit each of several would count alone`);
    }
    this.growTo(Math.ceil(this.ruleCount / maxRules));
  }

  /** @internal */
  protected override get ruleCount(): number {
    return this.#groups.reduce((sum, { matches }) => sum + Math.ceil(matches.length / maxMatches), 0);
  }

  /** @internal */
  protected override problems(): string[] {
    // Objects have no order among each other that git can see; rules of one outcome need none.
    const isSplit = this.partCount > 1 && this.#groups.length > 1;
    const order = `has more than ${maxRules} rules, some with approval, whose order would be lost`;
    return [...super.problems(), ...(isSplit ? [`${order}; make a second route`] : [])];
  }

  get #rules(): RuleSpec[] {
    return this.#groups.flatMap(({ matches, ...group }) =>
      piecesOf(matches, maxMatches).map((each) => ({ matches: each, ...group })),
    );
  }

  /** @internal */
  protected override specOf(part: number): EgressHTTPRouteSpec {
    const { hosts, ports, agents, headers, logging, rateLimit } = this.#props;
    const filters = [...headerFilters(headers), ...extensionFilters(this, present({ logging, rateLimit }))];
    const rules = this.#rules.slice(part * maxRules, (part + 1) * maxRules);
    return present({
      parentRefs: this.parentRefs,
      hostnames: [...hosts],
      ports: ports && [...ports],
      sourceAgents: agents && { matchLabels: { ...agents } },
      rules: rules.map((rule) => ({ ...rule, ...(filters.length > 0 ? { filters } : {}) })),
    });
  }
}

type Filter = NonNullable<EgressHTTPRouteSpec['rules'][number]['filters']>[number];

function written(headers: Readonly<Record<string, string>> | undefined) {
  return headers && Object.entries(headers).map(([name, value]) => ({ name, value }));
}

function headerFilters({ set, add, remove, hide }: HttpHeaders = {}): Filter[] {
  const request = present({ set: written(set), add: written(add), remove: remove && [...remove] });
  return [
    ...(Object.keys(request).length === 0
      ? []
      : [{ type: 'RequestHeaderModifier' as const, requestHeaderModifier: request }]),
    ...(hide === undefined
      ? []
      : [{ type: 'ResponseHeaderModifier' as const, responseHeaderModifier: { remove: [...hide] } }]),
  ];
}
