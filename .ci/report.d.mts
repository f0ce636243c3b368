interface Report {
  readonly success?: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}
export declare function filesOf(report: Report): ReadonlyMap<string, Counts>;
export declare function failedWholeMachineFiles(report: Report): readonly string[];
export declare function count(
  reports: readonly (Report | undefined)[],
  retries: readonly (Report | undefined)[],
): Counts;
