/** An AIProviderRoute: which models of which provider a gateway lets through, where to, and with which key. */
import type { Construct } from 'constructs';
import type { AIProviderRouteSpec } from '../api/index.ts';
import type { IBackend } from './backend.ts';
import type { Budget } from './budget.ts';
import { present, refuse } from './custom-resource.ts';
import type { IEgressRoute } from './egress-route.ts';
import { KeyedRoute, type KeyedRouteProps } from './keyed-route.ts';
import { extensionFilters, type RuleExtensions } from './route-extension.ts';

/** Every provider there is. */
export const providers = ['openai', 'anthropic', 'google', 'azure-openai', 'bedrock', 'custom'] as const;

/** Whose API is called; `custom` is any host, matched by endpoint only. */
export type Provider = (typeof providers)[number];

/** An AIProviderRoute made here or elsewhere. */
export interface IAIProviderRoute extends IEgressRoute {
  readonly routeKind: 'AIProviderRoute';
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

/** A backend and its share. */
export interface WeightedBackend {
  /** Where calls go. */
  readonly backend: IBackend;
  /**
   * Its share of the calls, beside the other weights; 0 means none.
   *
   * @default 1
   */
  readonly weight?: number;
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
  addRule({ matches, backends = [], budget, ...extensions }: AIProviderRule): void {
    if (matches.length === 0) refuse(this, 'a rule needs a match');
    for (const { backend, weight = 1 } of backends) {
      this.requireSameNamespace(backend, 'Backend');
      if (!Number.isInteger(weight) || weight < 0) refuse(this, `weight ${weight} is not a whole number`);
    }
    const backendRefs = backends.map(({ backend, weight = 1 }) => ({ name: backend.name, weight }));
    const filters = [
      ...(budget === undefined ? [] : [{ type: 'TokenBudget' as const, tokenBudget: budget.spec }]),
      ...extensionFilters(this, extensions),
    ];
    this.#rules.push({
      matches: matches.map((match) => this.#matchOf(match)),
      ...(filters.length > 0 ? { filters } : {}),
      ...(backendRefs.length > 0 ? { backendRefs } : {}),
    });
  }

  #matchOf({ provider, models, endpoints }: AIProviderMatch): MatchSpec {
    const wrong = endpoints?.find((endpoint) => !/^[/*]/.test(endpoint));
    if (wrong !== undefined) refuse(this, `endpoint "${wrong}" must start with / or *`);
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
  protected override toSpec(): AIProviderRouteSpec {
    return { parentRefs: this.parentRefs, rules: this.#rules };
  }
}
