/** What a conformance suite found. */
export interface SuiteResult {
  readonly name: string;
  readonly summary: string;
  /** Cases that fail through the gateway and not without it. */
  readonly worse: readonly string[];
  /** Faults that a boundary of the gateway caught meanwhile. */
  readonly broken: number;
}
