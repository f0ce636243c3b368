/** A RateLimitPolicy: how often rules of routes may be used. Rules name it; it names nothing. */
import type { Construct } from 'constructs';
import type { RateLimitPolicySpec } from '../api/index.ts';
import { CustomResource, present, type INamed, type ResourceProps } from './custom-resource.ts';
import { durationText } from './duration-text.ts';
import { Rate } from './rate.ts';
import type { TokenRate } from './token-rate.ts';

/** A RateLimitPolicy made here or elsewhere. */
export interface IRateLimitPolicy extends INamed {
  readonly rateLimitPolicy: true;
}

/** Properties of a RateLimitPolicy. */
export interface RateLimitPolicyProps extends ResourceProps {
  /** How many calls (Rate) or tokens (TokenRate), in which time, and counted for whom. */
  readonly rate: Rate | TokenRate;
}

/**
 * How often the rules that name it may be used.
 *
 * @example
 * ```ts
 * const slow = new RateLimitPolicy(chart, 'slow', { rate: Rate.perMinute(60) });
 * gateway.allowProvider('openai', { rateLimit: slow });
 * ```
 */
export class RateLimitPolicy extends CustomResource implements IRateLimitPolicy {
  readonly rateLimitPolicy = true;
  readonly #rate: Rate | TokenRate;

  /**
   * A policy that somebody else makes.
   *
   * @example
   * ```ts
   * gateway.allowProvider('openai', { rateLimit: RateLimitPolicy.fromName('slow') });
   * ```
   */
  static fromName(name: string, namespace?: string): IRateLimitPolicy {
    return { name, namespace, rateLimitPolicy: true };
  }

  constructor(scope: Construct, id: string, props: RateLimitPolicyProps) {
    super(scope, id, 'RateLimitPolicy', props);
    this.#rate = props.rate;
  }

  /** @internal */
  protected override toSpec(): RateLimitPolicySpec {
    const { window, scope } = this.#rate;
    const amount =
      this.#rate instanceof Rate ? { requests: this.#rate.requests } : { tokens: this.#rate.tokens };
    return present({ ...amount, window: durationText(window), scope });
  }
}
