/** A FallbackRoutingPolicy: the backends of a route are tried in order. */
import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { FallbackRoutingPolicySpec } from '../api/index.ts';
import { AIProviderRoute, type IAIProviderRoute } from './ai-provider-route.ts';
import { present, refuse, type ResourceProps } from './custom-resource.ts';
import { durationText } from './duration-text.ts';
import { Policy } from './policy.ts';

/** Properties of a FallbackRoutingPolicy. */
export interface FallbackRoutingPolicyProps extends ResourceProps {
  /**
   * Routes whose backends are tried in order; more with addTarget.
   *
   * @default none yet
   */
  readonly targets?: readonly IAIProviderRoute[];
  /**
   * How many more backends are tried after the first, 0 to 5.
   *
   * @default all that are left, at most 5
   */
  readonly retries?: number;
  /**
   * Answers the next backend is tried after.
   *
   * @default 429 and 503
   */
  readonly retriableStatusCodes?: readonly number[];
  /**
   * How long one try may take.
   *
   * @default no limit of its own
   */
  readonly perTryTimeout?: Duration;
  /**
   * The longest a failing backend is left out.
   *
   * @default 5 minutes
   */
  readonly maxEjectionTime?: Duration;
}

/**
 * Tries the backends of a route in the order they are listed, instead of by weight. The next one is tried after a fault, a
 * time-out or one of the status codes, for calls that name a model, until the agent has seen something of an answer. Only
 * backends that take the call take part: those of another API get conversations alone, translated.
 *
 * @example
 * ```ts
 * const main = new Backend(chart, 'main', { schema: 'openai', host: 'llm.example.com' });
 * const spare = new Backend(chart, 'spare', { schema: 'openai', host: 'api.openai.com' });
 * const route = gateway.allowProvider('openai', { backends: [{ backend: main }, { backend: spare }] });
 * // Each has a key of its own: one for the whole route would go to both.
 * for (const backend of [main, spare]) {
 *   const credential = Credential.bearer({ name: backend.node.id });
 *   new CredentialInjectionPolicy(chart, `${backend.node.id}-key`, { credential }).addTarget(route, { backend });
 * }
 * new FallbackRoutingPolicy(chart, 'fallback', { targets: [route], perTryTimeout: Duration.seconds(20) });
 * ```
 */
export class FallbackRoutingPolicy extends Policy<'AIProviderRoute'> {
  readonly #props: FallbackRoutingPolicyProps;
  readonly #routes: IAIProviderRoute[] = [];

  constructor(scope: Construct, id: string, props: FallbackRoutingPolicyProps = {}) {
    super(scope, id, 'FallbackRoutingPolicy', props);
    this.#props = props;
    const { retries = 0, retriableStatusCodes = [] } = props;
    if (!Number.isInteger(retries) || retries < 0 || retries > 5)
      refuse(this, `retries ${retries} is not 0 to 5`);
    const wrong = retriableStatusCodes.find((code) => !Number.isInteger(code) || code < 400 || code > 599);
    if (wrong !== undefined) refuse(this, `status code ${wrong} is not 400 to 599`);
    for (const target of props.targets ?? []) this.addTarget(target);
  }

  /**
   * One more route.
   *
   * @example
   * ```ts
   * const backends = ['a', 'b'].map((id) => ({ backend: Backend.fromName(id) }));
   * new FallbackRoutingPolicy(chart, 'fallback').addTarget(gateway.allowProvider('openai', { backends }));
   * ```
   */
  addTarget(route: IAIProviderRoute): void {
    this.attach({ target: route, kind: 'AIProviderRoute' });
    this.#routes.push(route);
  }

  /** @internal */
  protected override specFor(targetRefs: FallbackRoutingPolicySpec['targetRefs']): FallbackRoutingPolicySpec {
    const { retries, retriableStatusCodes, perTryTimeout, maxEjectionTime } = this.#props;
    const retry = present({
      numRetries: retries,
      retriableStatusCodes: retriableStatusCodes && [...retriableStatusCodes],
      perTryTimeout: perTryTimeout && durationText(perTryTimeout),
    });
    return present({
      targetRefs,
      retry: Object.keys(retry).length > 0 ? retry : undefined,
      ejection: maxEjectionTime && { maxEjectionTime: durationText(maxEjectionTime) },
    });
  }

  /** @internal */
  protected override problems(): string[] {
    const alone = this.#routes.filter((route) => route instanceof AIProviderRoute && route.mostBackends < 2);
    const lonely = alone.map(({ name }) => `AIProviderRoute "${name}" has no second backend to fall back to`);
    return [...super.problems(), ...lonely];
  }
}
