/**
 * When a registry request is tried again, and after how long. Pure, so that it is a table in a test.
 */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstMs: number;
  readonly maxMs: number;
  /** A registry that asks for a longer wait gets it, but not here: the caller is told. */
  readonly maxAskedMs: number;
}

/** Some seconds in all: who calls us (worker, CLI) decides about minutes. */
export const registryRetry: RetryPolicy = { attempts: 4, firstMs: 200, maxMs: 5_000, maxAskedMs: 10_000 };
/** What a registry may ask for at most. */
const longestAskedMs = 24 * 60 * 60_000;

export function isRetryableStatus(status: number): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501);
}

/** Seconds or a date (RFC 9110 10.2.3), a day at most; undefined when it is neither. */
export function parseRetryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Math.min(Number(header) * 1000, longestAskedMs);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), longestAskedMs);
}

/**
 * The wait after `attempt` (1 = the first) failed; `random` in [0,1) spreads callers over half of it. Never shorter than
 * what the registry asked for; undefined: it asked for more than is waited here.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  attempt: number,
  random: number,
  askedMs = 0,
): number | undefined {
  if (askedMs > policy.maxAskedMs) return undefined;
  const own = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempt - 1, 20) * (0.75 + random / 2));
  return Math.max(own, askedMs);
}
