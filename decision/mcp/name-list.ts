/** Names of tools by glob or by pattern, as a rule has them. Types only. */
export interface NameList {
  readonly isEmpty: boolean;
  takes(name: string): boolean;
}
