/**
 * `npm run bench -- NAME [--json FILE] [--docs] [--rows N]`: runs the bench of that folder, prints its table and ratios, writes them
 * as JSON and, asked to, as docs/benchmarks/NAME.md.
 * Each folder's index.ts exports `run()`. Figures are of this machine at this moment: compare ratios, not numbers.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderPage } from './page.ts';
import type { BenchOptions, BenchResult, Cell } from './result.ts';
import { round } from './statistics.ts';

function names(): string[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function renderTable(rows: BenchResult['rows']): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: Cell | undefined): string => (value === undefined ? '' : String(value));
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => cell(row[column]).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns), ...rows.map((row) => line(columns.map((column) => cell(row[column]))))].join('\n');
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' }, docs: { type: 'boolean' }, rows: { type: 'string' } },
  });
  const [name] = positionals;
  if (name === undefined || !names().includes(name)) {
    process.stderr.write(
      `usage: npm run bench -- NAME [--json FILE] [--docs] [--rows N]\n  NAME is one of: ${names().join(', ')}\n`,
    );
    process.exitCode = 2;
    return;
  }
  const { run } = (await import(`./${name}/index.ts`)) as {
    run: (options: BenchOptions) => Promise<BenchResult>;
  };
  const rows = Number(values.rows);
  const result = await run(values.rows === undefined || !(rows > 0) ? {} : { rows });
  const [cpu] = cpus();
  const machine = `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, load average ${round(loadavg()[0] ?? 0, 1)}`;
  process.stdout.write(`${result.name} on ${machine}\n\n${renderTable(result.rows)}\n\n`);
  for (const [key, value] of Object.entries(result.ratios))
    process.stdout.write(`${key} = ${Math.round(value * 1000) / 1000}\n`);
  for (const missing of result.notMeasured) process.stdout.write(`not measured: ${missing}\n`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, ...result }, null, 2)}\n`);
  if (values.docs === true) {
    const folder = join(import.meta.dirname, '../docs/benchmarks');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${result.name}.md`), renderPage(result, machine, new Date()));
  }
}

await main();
