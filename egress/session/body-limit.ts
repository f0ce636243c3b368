/**
 * How long a request's body may be, by the rule that took the call. Apart because the bound comes with a decision, after some of
 * the body, and may change with the policy. It only counts.
 */
export class BodyLimit {
  #bytes = 0;
  #maxBytes = Infinity;

  /** Sets the bound; undefined: none. False: more has come already. */
  bound(maxBytes: number | undefined): boolean {
    this.#maxBytes = maxBytes ?? Infinity;
    return this.#bytes <= this.#maxBytes;
  }

  /** False: that is too much. */
  add(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= this.#maxBytes;
  }
}
