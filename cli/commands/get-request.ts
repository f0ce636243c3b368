/** What `get` was asked, after validation. */
export const outputFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface GetRequest {
  readonly names: readonly string[];
  readonly format: OutputFormat;
  readonly allNamespaces: boolean;
  readonly selector: string | undefined;
  readonly watch: boolean;
  /** Of invocations alone. */
  readonly records: RecordSelection;
}

/** Which invocations. */
export interface RecordSelection {
  readonly limit: number;
  /** RFC 3339. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly phase: string | undefined;
  readonly agent: string | undefined;
}
