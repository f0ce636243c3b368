/** What a bench hands back: rows for a person, ratios for a machine. */
export type Cell = string | number;

/** What the command line may ask of a bench. */
export interface BenchOptions {
  /** How much data to make, where a bench makes any. */
  readonly rows?: number;
}

export interface BenchResult {
  readonly name: string;
  /** Targets by key; only what was measured. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly rows: ReadonlyArray<Readonly<Record<string, Cell>>>;
  /** What could not be measured here, and why. */
  readonly notMeasured: readonly string[];
}
