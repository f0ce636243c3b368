/** The names of our tables. Names that reach a statement's text are all written in our source. */
export const tables = {
  logs: 'otel_logs',
  traces: 'otel_traces',
  /** One row a call that has ended, by namespace and phase. */
  invocations: 'invocations',
  /** The same rows by agent and phase. */
  byAgent: 'invocations_by_agent',
  /** What was said of calls before they ended; kept for as long as a call can be open. */
  progress: 'invocation_progress',
} as const;
export type Table = (typeof tables)[keyof typeof tables];

export function isTable(name: string): name is Table {
  return (Object.values(tables) as readonly string[]).includes(name);
}
