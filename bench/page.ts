/** A bench's result as a page of docs/benchmarks: what was measured, where and when; never edited by hand. */
import type { BenchResult, Cell } from './result.ts';
import { round } from './statistics.ts';

function renderTable(columns: readonly string[], rows: ReadonlyArray<readonly Cell[]>): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

export function renderPage(result: BenchResult, machine: string, at: Date): string {
  const columns = [...new Set(result.rows.flatMap((row) => Object.keys(row)))];
  const rows = result.rows.map((row) => columns.map((column) => row[column] ?? ''));
  const figures = Object.entries(result.ratios).map(([key, value]) => [key, round(value, 3)]);
  const missing = result.notMeasured.map((each) => `- Not measured: ${each}`);
  return (
    [
      `# Benchmark: ${result.name}`,
      `Written by \`npm run bench -- ${result.name} --docs\`; do not edit.`,
      `${machine}; ${at.toISOString().slice(0, 10)}. Compare ratios, not numbers: another machine, or a busier one, has others.`,
      renderTable(columns, rows),
      renderTable(['key', 'value'], figures),
      ...(missing.length === 0 ? [] : [missing.join('\n')]),
    ].join('\n\n') + '\n'
  );
}
