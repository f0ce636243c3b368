/**
 * Tables as kubectl prints them: upper-case headers, three spaces between columns, no lines. Pure.
 * Cells come from servers and agents, so control characters never reach the terminal.
 */
import { terminalLine } from '../../contract/index.ts';

export interface TableText {
  readonly headers: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** Lines joined by newlines; the last column is not padded. Empty cells print `<none>`. */
export function renderTable(table: TableText, options: { readonly headers?: boolean } = {}): string {
  const rows = table.rows.map((row) =>
    table.headers.map((_, column) => terminalLine(row[column] ?? '') || '<none>'),
  );
  const lines = options.headers === false ? rows : [[...table.headers], ...rows];
  const widths = table.headers.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const last = table.headers.length - 1;
  return lines
    .map((line) => line.map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0))))
    .map((line) => line.join('   ').trimEnd())
    .join('\n');
}
