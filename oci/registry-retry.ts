/**
 * When a registry request is tried again, and after how long. Pure, so that it is a table in a test.
 */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Some seconds in all: who calls us (worker, CLI) decides about minutes. */
export const registryRetry: RetryPolicy = { attempts: 4, firstMs: 200, maxMs: 5_000 };

export function isRetryableStatus(status: number): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501);
}

/** Seconds or a date (RFC 9110 10.2.3); undefined when it is neither. */
export function parseRetryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The wait after `attempt` (1 = the first) failed; `random` in [0,1) spreads callers over half of it. */
export function retryDelayMs(
  policy: RetryPolicy,
  attempt: number,
  random: number,
  retryAfterMs?: number,
): number {
  const wait = retryAfterMs ?? policy.firstMs * 2 ** Math.min(attempt - 1, 20) * (0.75 + random / 2);
  return Math.min(policy.maxMs, wait);
}
