/** Exponential back-off per key: 5 ms doubling to 1000 s, the numbers of controller-runtime's default limiter. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
}

export const reconcileBackoff: BackoffOptions = { baseMs: 5, maxMs: 1_000_000 };

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failures = new Map<string, number>();

  constructor(options: BackoffOptions = reconcileBackoff) {
    this.#options = options;
  }

  /** Counts one more failure of the key and says how long to wait. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    // 2^30 is past every cap; beyond it the shift would only lose precision.
    return Math.min(this.#options.baseMs * 2 ** Math.min(failures, 30), this.#options.maxMs);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}
