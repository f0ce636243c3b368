/**
 * What is said when a limit of tokens or money has too little left for a call, or nobody can say what the call may cost. Pure. Apart
 * from budget.ts, which says what the limits are.
 */
import { renderUsd } from '../contract/index.ts';
import type { UseLimit } from './budget.ts';
import { countedFor, secondsTo } from './call-limit.ts';
import { refuse, type Refusal } from './call.ts';

export interface SpentUse {
  readonly limit: UseLimit;
  readonly left: number;
  /** Unix milliseconds, as `resetsAt`. */
  readonly at: number;
  /** undefined: never. */
  readonly resetsAt: number | undefined;
}

/** A TokenBudget: SDKs are told not to ask again. */
function refuseBudget(limit: Exclude<UseLimit, { period: 'window' }>, spent: SpentUse): Refusal {
  const { left, at, resetsAt } = spent;
  const of = limit.period === 'day' ? 'today' : 'in this execution';
  const reset = resetsAt === undefined ? '' : `; it is whole again at ${new Date(resetsAt).toISOString()}`;
  const what =
    'tokens' in limit
      ? `${left} of ${limit.tokens} tokens`
      : `$${renderUsd(left)} of $${renderUsd(limit.nanoUsd)}`;
  return {
    ...refuse(
      429,
      'budget',
      `the TokenBudget of this route has ${what} left ${of}, and the call may need more${reset}`,
    ),
    code: 'BUDGET_EXCEEDED',
    final: true,
    ...(resetsAt === undefined ? {} : { retryAfterSeconds: secondsTo(at, resetsAt) }),
  };
}

/** `least`: what the call needs at least. */
export function refuseSpent(spent: SpentUse, least: number): Refusal {
  const { limit, left, at, resetsAt } = spent;
  if (limit.period !== 'window') return refuseBudget(limit, spent);
  const { policy, tokens, windowMs, scope } = limit;
  const allows = `RateLimitPolicy ${policy} allows ${tokens} tokens of ${countedFor[scope]} in ${windowMs / 1_000} s`;
  const refusal = (message: string): Refusal => ({
    ...refuse(429, 'rate_limit', message),
    ...{ code: 'RATE_LIMITED', policy },
  });
  if (least > tokens || resetsAt === undefined) {
    return { ...refusal(`${allows}, and the call needs ${least} at least; send less at once`), final: true };
  }
  const seconds = secondsTo(at, resetsAt);
  return {
    ...refusal(`${allows}, of which ${left} are left, and the call may need more; try again in ${seconds} s`),
    retryAfterSeconds: seconds,
  };
}

/** The counts cannot be had now. */
export const useUnavailable: Refusal = {
  ...refuse(503, 'budget', 'the TokenBudget of this route cannot be counted now; try again in a second'),
  code: 'BUDGET_UNAVAILABLE',
  retryAfterSeconds: 1,
};

/** Under a limit of money, and its price is not known: never a guess. */
export function refuseUnpriced(schema: string | undefined, model: string | undefined): Refusal {
  const what = model === undefined ? 'a call that names no model' : `model "${model.slice(0, 100)}"`;
  return {
    ...refuse(
      403,
      'budget',
      `the TokenBudget of this route is in money, and no price of ${what} (${schema ?? 'unknown provider'}) is known; use a model with a known price, or a budget of tokens`,
    ),
    code: 'BUDGET_UNPRICED',
    final: true,
  };
}
