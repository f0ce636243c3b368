interface Report {
  readonly success?: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName?: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}
export declare function filesOf(report: Report): ReadonlyMap<string, Counts>;
export declare function failedFiles(report: Report): readonly string[];
export declare function faultsOf(report: Report): readonly string[];
export declare function count(
  reports: readonly (Report | undefined)[],
  retries: readonly (Report | undefined)[],
): Counts;
