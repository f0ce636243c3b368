/**
 * S54: for each thing that tenants share, the honest tenant's p99 with and without a hostile one that has filled it, on real
 * parts. A row takes under ten seconds. What counts is who is refused; times compare with the same row's own.
 * `CLRK_BENCH_THINGS=gateway,ingress` (roles or names, by comma): only these.
 */
import type { BenchResult } from '../result.ts';
import { measureRow, type RowFigures } from './row.ts';
import { notMeasured, things } from './things.ts';

const wanted = process.env['CLRK_BENCH_THINGS']?.split(',').map((each) => each.trim());

export async function run(): Promise<BenchResult> {
  const rows: RowFigures[] = [];
  const ratios: Record<string, number> = {};
  const failed: string[] = [];
  for (const [index, thing] of things.entries()) {
    const { role, name } = thing;
    if (wanted !== undefined && !wanted.includes(role) && !wanted.includes(name)) continue;
    const startedMs = performance.now();
    try {
      const row = await measureRow(index, thing);
      rows.push(row);
      const key = `${role}_${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`;
      ratios[`${key}/alone`] = row.p99Beside / row.p99Alone;
      ratios[`${key}_honest_refused`] = row.honestRefused;
    } catch (error) {
      failed.push(`${role}: ${name} (${String(error)})`);
    }
    const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stderr.write(`${role}: ${name}: ${tookS} s ${JSON.stringify(rows.at(-1)?.cells)}\n`);
  }
  return {
    name: 'tenants',
    ratios,
    rows: rows.map(({ cells }) => cells),
    notMeasured: [...failed, ...notMeasured],
  };
}
