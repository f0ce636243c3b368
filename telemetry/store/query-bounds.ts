/**
 * What one read may cost: every query of this folder carries these in its text, because the embedded engine takes
 * settings nowhere else. One reader may not take the engine's memory or both cores from the writers.
 */
import { ClrkError } from '../../contract/index.ts';

const bounds = {
  maxMemoryBytes: 1_000_000_000,
  maxExecutionS: 20,
  // More than an agent writes in a week at 100 spans a second; no read of ours looks at a tenth of it.
  maxRowsToRead: 100_000_000,
  maxResultBytes: 64 * 1024 * 1024,
};

export function renderBounds(): string {
  return (
    `SETTINGS max_threads = 2, max_memory_usage = ${bounds.maxMemoryBytes}, ` +
    `max_execution_time = ${bounds.maxExecutionS}, max_rows_to_read = ${bounds.maxRowsToRead}, ` +
    `max_result_bytes = ${bounds.maxResultBytes}, result_overflow_mode = 'throw', read_overflow_mode = 'throw', ` +
    `optimize_use_projections = 0`
  );
}

/** ClickHouse ErrorCodes of a query that went over its bounds, as what the reader may do about it. */
const overflows: ReadonlySet<string> = new Set([
  '158', // TOO_MANY_ROWS
  '159', // TIMEOUT_EXCEEDED
  '241', // MEMORY_LIMIT_EXCEEDED
  '307', // TOO_MANY_BYTES
  '396', // TOO_MANY_ROWS_OR_BYTES
]);

export function isOverflow(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && overflows.has(String(thrown.code));
}

export function tooBroad(): ClrkError {
  return new ClrkError('TELEMETRY_TOO_BROAD', 'this would read more records than one answer may cost', {
    hint: 'Narrow it: --since, --until, an agent, an invocation, or a smaller --limit.',
  });
}
