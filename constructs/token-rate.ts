/** So many tokens in a time, counted for whom. Apart from Rate because calls and tokens must not be mistaken for each other. */
import { Duration } from 'cdk8s';
import type { RateScope } from './rate.ts';

/**
 * So many tokens, in and out, in a time. Windows follow each other without a gap, and are counted over all gateways of a namespace:
 * no window holds more. What is refused answers 429 with `Retry-After`. For rules of AI providers alone.
 *
 * @example
 * ```ts
 * new RateLimitPolicy(chart, 'few', { rate: TokenRate.perMinute(100_000).counted('PerGateway') });
 * ```
 */
export class TokenRate {
  /** How many. */
  readonly tokens: number;
  /** In which time. */
  readonly window: Duration;
  /** Counted for whom; undefined means each agent. */
  readonly scope: RateScope | undefined;

  private constructor(tokens: number, window: Duration, scope?: RateScope) {
    if (!Number.isSafeInteger(tokens) || tokens < 1) {
      throw new Error(`a rate is a whole number of tokens above 0, not ${tokens}`);
    }
    const ms = window.toMilliseconds();
    if (ms < 1_000 || ms > 24 * 60 * 60_000) {
      throw new Error('the window of a rate is from a second to a day, which is what gateways count');
    }
    this.tokens = tokens;
    this.window = window;
    this.scope = scope;
  }

  /**
   * So many in a window of your own.
   *
   * @example
   * ```ts
   * TokenRate.per(50_000, Duration.seconds(30));
   * ```
   */
  static per(tokens: number, window: Duration): TokenRate {
    return new TokenRate(tokens, window);
  }

  /**
   * So many a minute.
   *
   * @example
   * ```ts
   * TokenRate.perMinute(100_000);
   * ```
   */
  static perMinute(tokens: number): TokenRate {
    return new TokenRate(tokens, Duration.minutes(1));
  }

  /**
   * So many an hour.
   *
   * @example
   * ```ts
   * TokenRate.perHour(2_000_000);
   * ```
   */
  static perHour(tokens: number): TokenRate {
    return new TokenRate(tokens, Duration.hours(1));
  }

  /**
   * The same, counted for each agent, each execution, or the route or the gateway as a whole.
   *
   * @example
   * ```ts
   * TokenRate.perMinute(100_000).counted('PerGateway');
   * ```
   */
  counted(scope: RateScope): TokenRate {
    return new TokenRate(this.tokens, this.window, scope);
  }
}
