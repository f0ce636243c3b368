/** What `get` was asked, after validation. */
export const outputFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface GetRequest {
  readonly names: readonly string[];
  readonly format: OutputFormat;
  readonly allNamespaces: boolean;
  readonly selector: string | undefined;
  readonly watch: boolean;
}
