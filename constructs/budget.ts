/** How many tokens calls may use, and what they may cost. An immutable value: each `per…` gives a new one with one more limit. */
import type { AIProviderRouteSpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

type Filter = NonNullable<AIProviderRouteSpec['rules'][number]['filters']>[number];
type TokenBudget = NonNullable<Filter['tokenBudget']>;

/**
 * How many tokens the calls of a rule may use, or what they may cost, counted over all gateways of the namespace. A spent budget answers 429.
 *
 * @example
 * ```ts
 * gateway.allowProvider('openai', { budget: Budget.perDay(2_000_000).perExecution(50_000).perRequest(4_000) });
 * ```
 */
export class Budget {
  /** @internal */
  readonly spec: TokenBudget;

  private constructor(spec: TokenBudget) {
    this.spec = spec;
  }

  /**
   * The most tokens, in and out, all calls of the rule may use in a UTC day.
   *
   * @example
   * ```ts
   * Budget.perDay(2_000_000);
   * ```
   */
  static perDay(tokens: number): Budget {
    return new Budget({}).perDay(tokens);
  }

  /**
   * The most tokens, in and out, one execution of an agent may use.
   *
   * @example
   * ```ts
   * Budget.perExecution(50_000);
   * ```
   */
  static perExecution(tokens: number): Budget {
    return new Budget({}).perExecution(tokens);
  }

  /**
   * The most tokens one answer may hold.
   *
   * @example
   * ```ts
   * Budget.perRequest(4_000);
   * ```
   */
  static perRequest(outputTokens: number): Budget {
    return new Budget({}).perRequest(outputTokens);
  }

  /**
   * The most US dollars all calls of the rule may cost in a UTC day, as a decimal text. Calls whose price is not known are refused.
   *
   * @example
   * ```ts
   * Budget.costPerDay('25.00').costPerExecution('0.50');
   * ```
   */
  static costPerDay(dollars: string): Budget {
    return new Budget({}).costPerDay(dollars);
  }

  /**
   * The most US dollars one execution of an agent may cost, as a decimal text. Calls whose price is not known are refused.
   *
   * @example
   * ```ts
   * Budget.costPerExecution('0.50');
   * ```
   */
  static costPerExecution(dollars: string): Budget {
    return new Budget({}).costPerExecution(dollars);
  }

  /**
   * The same, with a limit of US dollars a UTC day.
   *
   * @example
   * ```ts
   * Budget.perDay(2_000_000).costPerDay('25.00');
   * ```
   */
  costPerDay(dollars: string): Budget {
    return this.#withCost('maxCostPerDay', dollars);
  }

  /**
   * The same, with a limit of US dollars an execution.
   *
   * @example
   * ```ts
   * Budget.perDay(2_000_000).costPerExecution('0.50');
   * ```
   */
  costPerExecution(dollars: string): Budget {
    return this.#withCost('maxCostPerExecution', dollars);
  }

  /**
   * The same, with a limit a UTC day.
   *
   * @example
   * ```ts
   * Budget.perExecution(50_000).perDay(2_000_000);
   * ```
   */
  perDay(tokens: number): Budget {
    return this.#with('maxTokensPerDay', tokens);
  }

  /**
   * The same, with a limit an execution.
   *
   * @example
   * ```ts
   * Budget.perDay(2_000_000).perExecution(50_000);
   * ```
   */
  perExecution(tokens: number): Budget {
    return this.#with('maxTokensPerExecution', tokens);
  }

  /**
   * The same, with a limit an answer.
   *
   * @example
   * ```ts
   * Budget.perDay(2_000_000).perRequest(4_000);
   * ```
   */
  perRequest(outputTokens: number): Budget {
    return this.#with('maxOutputTokensPerRequest', outputTokens);
  }

  /**
   * The same, counted together with every other rule whose budget has this name.
   *
   * @example
   * ```ts
   * const team = Budget.perDay(2_000_000).sharedAs('team-a');
   * gateway.allowProvider('openai', { budget: team });
   * gateway.allowProvider('anthropic', { budget: team });
   * ```
   */
  sharedAs(name: string): Budget {
    if (name === '') throw new Error('a shared budget needs a name');
    return new Budget({ ...this.spec, budgetRef: name });
  }

  /**
   * The same, told of at these percentages of its limits a day: by an Event, and by the condition `BudgetAvailable` of the route. Without
   * it at 80 and 100; `warnAt()` tells nobody. Without 100 that condition is Unknown. It needs a limit a day.
   *
   * @example
   * ```ts
   * Budget.costPerDay('25.00').warnAt(50, 80, 100);
   * ```
   */
  warnAt(...percents: readonly number[]): Budget {
    const odd = percents.find((percent) => !Number.isInteger(percent) || percent < 1 || percent > 100);
    if (odd !== undefined)
      throw new Error(`a threshold is a whole number of percent from 1 to 100, not ${odd}`);
    if (percents.length > 5) throw new Error(`a budget has at most 5 thresholds, not ${percents.length}`);
    return new Budget({ ...this.spec, warnAt: [...percents] });
  }

  #withCost(limit: 'maxCostPerDay' | 'maxCostPerExecution', dollars: string): Budget {
    if (!/^(?:0|[1-9]\d{0,5})(?:\.\d{1,9})?$/.test(dollars) || !/[1-9]/.test(dollars)) {
      throw new Error(
        `an amount is in US dollars, more than nothing and less than a million, such as '12.50', not '${dollars}'`,
      );
    }
    return new Budget(present({ ...this.spec, [limit]: dollars }));
  }

  #with(
    limit: 'maxTokensPerDay' | 'maxTokensPerExecution' | 'maxOutputTokensPerRequest',
    tokens: number,
  ): Budget {
    if (!Number.isSafeInteger(tokens) || tokens < 1) {
      throw new Error(`a budget is a whole number of tokens above 0, not ${tokens}`);
    }
    return new Budget(present({ ...this.spec, [limit]: tokens }));
  }
}
