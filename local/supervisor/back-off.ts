/**
 * How long a thing that keeps dying waits before it is started again. Pure, so that it is a table in a test; shared
 * by the control plane's children and the pods' containers, which differ only in numbers.
 */
export interface BackOffPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A run at least this long counts as healthy: the next death starts at `firstMs` again. */
  readonly resetAfterMs: number;
}

/** Control-plane children: quick, because everything waits for them. */
export const childBackOff: BackOffPolicy = { firstMs: 250, maxMs: 10_000, resetAfterMs: 10_000 };

/** Containers: kubelet's 10 s…5 min would make every fault test wait; same shape, shorter. Reset as in kubelet: 10 min there. */
export const containerBackOff: BackOffPolicy = { firstMs: 500, maxMs: 30_000, resetAfterMs: 30_000 };

/** The delay before the restart that follows `failures` deaths in a row (1 = the first). */
export function backOffMs(policy: BackOffPolicy, failures: number): number {
  return failures <= 0 ? 0 : Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(failures - 1, 30));
}

/** Deaths in a row after this one. */
export function failuresAfter(policy: BackOffPolicy, failures: number, ranMs: number): number {
  return ranMs >= policy.resetAfterMs ? 1 : failures + 1;
}
