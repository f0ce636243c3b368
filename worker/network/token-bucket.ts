/** A token bucket with the clock passed in. Bounds how often a sandbox may make us do something (DNS, records). */
export interface TokenBucketOptions {
  readonly burst: number;
  readonly perSecond: number;
  readonly now: () => number;
}

export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #at: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.now();
  }

  /** Takes one token; false when there is none. A clock that steps back adds nothing. */
  take(): boolean {
    const now = this.#options.now();
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#options.perSecond;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
