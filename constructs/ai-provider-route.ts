/** An AIProviderRoute: which models of which provider a gateway lets through, where to, and with which key. */
import type { Construct } from 'constructs';
import type { AIProviderRouteSpec } from '../api/index.ts';
import type { Budget } from './budget.ts';
import { piecesOf } from './continuation.ts';
import type { ICredentialTarget } from './credential-injection-policy.ts';
import { present, refuse } from './custom-resource.ts';
import { maxRules, type IEgressRoute } from './egress-route.ts';
import { KeyedRoute, type KeyedRouteProps } from './keyed-route.ts';
import { splitMatch } from './match-split.ts';
import { backendRefOf, type WeightedBackend } from './weighted-backend.ts';
import { extensionFilters, type RuleExtensions } from './route-extension.ts';

/** Every provider there is. */
export const providers = ['openai', 'anthropic', 'google', 'azure-openai', 'bedrock', 'custom'] as const;

/** Whose API is called; `custom` is any host, matched by endpoint only. */
export type Provider = (typeof providers)[number];

/** An AIProviderRoute made here or elsewhere. */
export interface IAIProviderRoute extends IEgressRoute, ICredentialTarget {
  readonly routeKind: 'AIProviderRoute';
  readonly credentialTargetKind: 'AIProviderRoute';
}

/** The calls a rule is for. */
export interface AIProviderMatch {
  /** Whose API is called. */
  readonly provider: Provider;
  /**
   * Globs over the model's name.
   *
   * @default every model
   */
  readonly models?: readonly string[];
  /**
   * Globs over the path, from `/` or `*` on.
   *
   * @default every endpoint
   */
  readonly endpoints?: readonly string[];
}

/** What happens to some calls. */
export interface AIProviderRule extends RuleExtensions {
  /** The calls, any of these. */
  readonly matches: readonly AIProviderMatch[];
  /**
   * Where the calls go.
   *
   * @default the host the agent asked for
   */
  readonly backends?: readonly WeightedBackend[];
  /**
   * How many tokens they may use.
   *
   * @default no limit
   */
  readonly budget?: Budget;
  /**
   * Whether a person decides about each call before it goes (`clrk approvals`).
   *
   * @default false
   */
  readonly requireApproval?: boolean;
}

/** Properties of an AIProviderRoute. */
export interface AIProviderRouteProps extends KeyedRouteProps {
  /**
   * Rules, tried in order; more with addRule.
   *
   * @default none yet
   */
  readonly rules?: readonly AIProviderRule[];
}

type RuleSpec = AIProviderRouteSpec['rules'][number];
type MatchSpec = NonNullable<RuleSpec['matches']>[number];

// The CRD's own bounds.
const maxMatches = 16;
const matchBounds = { models: 32, endpoints: 32 } as const;

/**
 * Which models of which provider a gateway lets through, where to, and with which key.
 *
 * @example
 * ```ts
 * new AIProviderRoute(chart, 'models', {
 *   gateways: [gateway],
 *   rules: [{ matches: [{ provider: 'openai', models: ['gpt-4o*'] }], budget: Budget.perDay(1_000_000) }],
 *   credential: Credential.bearer({ name: 'openai' }),
 * });
 * ```
 */
export class AIProviderRoute extends KeyedRoute implements IAIProviderRoute {
  readonly routeKind = 'AIProviderRoute';
  readonly credentialTargetKind = 'AIProviderRoute';
  readonly #rules: RuleSpec[] = [];

  /**
   * A route that somebody else makes.
   *
   * @example
   * ```ts
   * new CredentialInjectionPolicy(chart, 'key', {
   *   credential: Credential.bearer({ name: 'openai' }),
   *   targets: [AIProviderRoute.fromName('openai')],
   * });
   * ```
   */
  static fromName(name: string, namespace?: string): IAIProviderRoute {
    return { name, namespace, routeKind: 'AIProviderRoute', credentialTargetKind: 'AIProviderRoute' };
  }

  constructor(scope: Construct, id: string, props: AIProviderRouteProps = {}) {
    super(scope, id, 'AIProviderRoute', props);
    for (const rule of props.rules ?? []) this.addRule(rule);
    if (props.credential !== undefined) this.addCredential(props.credential);
  }

  /**
   * One more rule, tried after those that are there.
   *
   * @example
   * ```ts
   * const route = new AIProviderRoute(chart, 'models', { gateways: [gateway] });
   * route.addRule({ matches: [{ provider: 'google', models: ['gemini-*'] }] });
   * ```
   */
  addRule({ matches, backends = [], budget, requireApproval = false, ...extensions }: AIProviderRule): void {
    if (matches.length === 0) refuse(this, 'a rule needs a match');
    const filters = [
      ...(budget === undefined ? [] : [{ type: 'TokenBudget' as const, tokenBudget: budget.spec }]),
      ...extensionFilters(this, extensions),
    ];
    const outcome = {
      ...(requireApproval ? { approval: 'Required' as const } : {}),
      ...(filters.length > 0 ? { filters } : {}),
      ...(backends.length > 0 ? { backendRefs: backends.map((each) => backendRefOf(this, each)) } : {}),
    };
    const split = matches.flatMap((match) => splitMatch(this.#matchOf(match), matchBounds));
    if (split.length > maxMatches && isCounted(budget, extensions)) {
      const most = `a rule with a limit takes ${maxMatches} matches, not ${split.length}`;
      refuse(this, `${most}: each of several would count alone`);
    }
    this.#rules.push(...piecesOf(split, maxMatches).map((each) => ({ matches: each, ...outcome })));
    this.growTo(Math.ceil(this.#rules.length / maxRules));
  }

  #matchOf({ provider, models, endpoints }: AIProviderMatch): MatchSpec {
    const wrong = endpoints?.find((endpoint) => !/^[/*]/.test(endpoint));
    if (wrong !== undefined) refuse(this, `endpoint "${wrong}" must start with / or *`);
    // An empty list is everything to the gateway, and the opposite to whoever wrote it.
    if (models?.length === 0) refuse(this, 'models are empty; leave them out to mean every model');
    if (endpoints?.length === 0) refuse(this, 'endpoints are empty; leave them out to mean every endpoint');
    return present({ provider, models: models && [...models], endpoints: endpoints && [...endpoints] });
  }

  /** @internal The most backends one of its rules has. */
  get mostBackends(): number {
    return Math.max(0, ...this.#rules.map(({ backendRefs = [] }) => backendRefs.length));
  }

  /** @internal */
  protected override get ruleCount(): number {
    return this.#rules.length;
  }

  /** @internal */
  protected override problems(): string[] {
    const outcomes = new Set(
      this.#rules.map(({ approval, filters, backendRefs }) =>
        JSON.stringify([approval, filters, backendRefs]),
      ),
    );
    // Objects have no order among each other that git can see; rules of one outcome need none.
    const needsOrder = this.partCount > 1 && outcomes.size > 1;
    const count = this.#rules.length;
    return [
      ...super.problems(),
      ...(needsOrder
        ? [`has ${count} rules of several outcomes, at most ${maxRules} fit in an order; make a second route`]
        : []),
    ];
  }

  /** @internal */
  protected override specOf(part: number): AIProviderRouteSpec {
    return { parentRefs: this.parentRefs, rules: this.#rules.slice(part * maxRules, (part + 1) * maxRules) };
  }
}

/** Whether something is counted for each rule of a manifest alone. */
function isCounted(budget: Budget | undefined, { rateLimit }: RuleExtensions): boolean {
  return (budget !== undefined && budget.spec.budgetRef === undefined) || rateLimit !== undefined;
}
