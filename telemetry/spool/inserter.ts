/**
 * One batch into ClickHouse, and the verdict. A batch it calls malformed is cut in halves until the bad rows stand alone,
 * so that one tenant's bad row does not take its neighbours' rows with it; the bad ones are set aside. A failure that may
 * pass is told to the caller, who repeats the whole batch: the same cuts carry the same tokens, so nothing counts twice.
 */
import { errorMessage } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { TelemetryMetrics } from '../metrics.ts';
import { isPoison } from '../store/insert-failure.ts';
import type { Store } from '../store/store.ts';
import type { Spool } from './spool.ts';
import type { SpooledBatch } from './spool-file.ts';

export interface InserterOptions {
  readonly store: Pick<Store, 'insert'>;
  readonly spool: Spool;
  readonly metrics: TelemetryMetrics;
  readonly log: Log;
}

/** `done`: every row is in ClickHouse or set aside. */
export type Verdict = 'done' | 'failed';

/** About four bad rows in ten thousand are found alone; beyond it halves are set aside as they are. */
const maxInserts = 64;
const newline = 0x0a;

/** Two batches of about half of the rows; undefined when there is nothing to cut. */
export function halve(batch: SpooledBatch): readonly [SpooledBatch, SpooledBatch] | undefined {
  if (batch.rows < 2) return undefined;
  const firstRows = batch.rows >> 1;
  let end = 0;
  for (let row = 0; row < firstRows; row++) end = batch.body.indexOf(newline, end) + 1;
  if (end === 0) return undefined;
  const part = (side: string, rows: number, body: Buffer): SpooledBatch => ({
    table: batch.table,
    token: `${batch.token}-${side}`,
    rows,
    body,
  });
  return [
    part('a', firstRows, batch.body.subarray(0, end)),
    part('b', batch.rows - firstRows, batch.body.subarray(end)),
  ];
}

export async function insertBatch(batch: SpooledBatch, options: InserterOptions): Promise<Verdict> {
  const { metrics, spool } = options;
  const waiting: SpooledBatch[] = [batch];
  let inserts = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    inserts++;
    const outcome = await insertOnce(next, options);
    if (outcome === 'failed') return 'failed';
    if (outcome === 'inserted') continue;
    const halves = inserts < maxInserts ? halve(next) : undefined;
    if (halves !== undefined) waiting.push(halves[1], halves[0]);
    else {
      metrics.rows.inc({ table: next.table, outcome: 'dropped' }, next.rows);
      await spool.setAside(next, 'poison');
    }
  }
  return 'done';
}

async function insertOnce(
  batch: SpooledBatch,
  { store, metrics, log }: InserterOptions,
): Promise<'inserted' | 'poison' | 'failed'> {
  const { table, rows } = batch;
  try {
    await store.insert(batch);
    metrics.batches.inc({ table, outcome: 'inserted' });
    metrics.rows.inc({ table, outcome: 'inserted' }, rows);
    return 'inserted';
  } catch (error) {
    const outcome = isPoison(error) ? 'poison' : 'failed';
    metrics.batches.inc({ table, outcome });
    log.warn({ table, rows, outcome, reason: errorMessage(error).slice(0, 300) }, 'insert failed');
    return outcome;
  }
}
