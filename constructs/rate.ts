/** So many requests in a time, counted for whom. Shared by RateLimitPolicy and Tools, which write it differently. */
import { Duration } from 'cdk8s';

/** For whom a rate is counted: each agent (over all rules that name the policy), each execution, or all callers of a route or of a gateway together. */
export type RateScope = 'PerAgent' | 'PerExecution' | 'PerRoute' | 'PerGateway';

/**
 * So many calls in a time. Windows follow each other without a gap, and are counted over all gateways of a namespace: no window
 * holds more. What is refused answers 429 with `Retry-After`.
 *
 * @example
 * ```ts
 * new RateLimitPolicy(chart, 'slow', { rate: Rate.perMinute(60).counted('PerExecution') });
 * ```
 */
export class Rate {
  /** How many. */
  readonly requests: number;
  /** In which time. */
  readonly window: Duration;
  /** Counted for whom; undefined means each agent. */
  readonly scope: RateScope | undefined;

  private constructor(requests: number, window: Duration, scope?: RateScope) {
    if (!Number.isSafeInteger(requests) || requests < 1) {
      throw new Error(`a rate is a whole number of requests above 0, not ${requests}`);
    }
    const ms = window.toMilliseconds();
    if (ms < 1_000 || ms > 24 * 60 * 60_000) {
      throw new Error('the window of a rate is from a second to a day, which is what gateways count');
    }
    this.requests = requests;
    this.window = window;
    this.scope = scope;
  }

  /**
   * So many in a window of your own.
   *
   * @example
   * ```ts
   * Rate.per(10, Duration.seconds(30));
   * ```
   */
  static per(requests: number, window: Duration): Rate {
    return new Rate(requests, window);
  }

  /**
   * So many a second.
   *
   * @example
   * ```ts
   * Rate.perSecond(5);
   * ```
   */
  static perSecond(requests: number): Rate {
    return new Rate(requests, Duration.seconds(1));
  }

  /**
   * So many a minute.
   *
   * @example
   * ```ts
   * Rate.perMinute(60);
   * ```
   */
  static perMinute(requests: number): Rate {
    return new Rate(requests, Duration.minutes(1));
  }

  /**
   * So many an hour.
   *
   * @example
   * ```ts
   * Rate.perHour(500);
   * ```
   */
  static perHour(requests: number): Rate {
    return new Rate(requests, Duration.hours(1));
  }

  /**
   * The same, counted for each agent, each execution, or the route or the gateway as a whole.
   *
   * @example
   * ```ts
   * Rate.perMinute(60).counted('PerRoute');
   * ```
   */
  counted(scope: RateScope): Rate {
    return new Rate(this.requests, this.window, scope);
  }
}
