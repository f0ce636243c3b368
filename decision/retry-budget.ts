/**
 * How many tries beyond the first an agent has at a route, so that an outage is not amplified: a part of its calls, and a few a
 * second besides. Pure. Each agent has its own: none can use up another's.
 */

export interface RetryAllowance {
  readonly retries: number;
  /** Unix milliseconds since when it is so. */
  readonly at: number;
}

/** A fifth of the calls, as proxies have it; the rest is for agents that make few. */
export const retryBudget = { most: 20, perSecond: 2, perCall: 0.2 } as const;

export function newAllowance(now: number): RetryAllowance {
  return { retries: retryBudget.most, at: now };
}

function atLast({ retries, at }: RetryAllowance, now: number): number {
  const grown = (Math.max(0, now - at) / 1000) * retryBudget.perSecond;
  return Math.min(retryBudget.most, retries + grown);
}

/** A call was made. */
export function computeCall(allowance: RetryAllowance, now: number): RetryAllowance {
  return { retries: Math.min(retryBudget.most, atLast(allowance, now) + retryBudget.perCall), at: now };
}

/** undefined: there may be none now. */
export function computeRetry(allowance: RetryAllowance, now: number): RetryAllowance | undefined {
  const retries = atLast(allowance, now);
  return retries < 1 ? undefined : { retries: retries - 1, at: now };
}
