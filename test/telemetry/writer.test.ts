import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMetrics } from '../../telemetry/metrics.ts';
import { Spool } from '../../telemetry/spool.ts';
import type { InsertBatch } from '../../telemetry/store.ts';
import { Writer, type WriterLimits } from '../../telemetry/writer.ts';
import { removeDirectory, silentLog, temporaryDirectory, until } from './embedded.ts';

let directory: string;
let inserted: InsertBatch[];
let tried: string[];
let failure: Error | undefined;
let writer: Writer;
let spool: Spool;
let metrics: ReturnType<typeof createMetrics>;

beforeEach(() => {
  directory = temporaryDirectory();
  inserted = [];
  tried = [];
  failure = undefined;
  metrics = createMetrics();
});
afterEach(async () => {
  await writer[Symbol.asyncDispose]();
  removeDirectory(directory);
});

function open(limits: Partial<WriterLimits> = {}, spoolBytes = 100_000): void {
  spool = new Spool(directory, spoolBytes);
  writer = new Writer({
    store: {
      insert: (batch) => {
        tried.push(batch.token);
        if (failure !== undefined) return Promise.reject(failure);
        inserted.push(batch);
        return Promise.resolve();
      },
    },
    spool,
    metrics,
    log: silentLog,
    bootId: 'boot',
    limits: { flushMs: 10, retryMinMs: 5, retryMaxMs: 20, ...limits },
  });
}

const rows = (): string[] => inserted.flatMap((batch) => batch.body.toString().trim().split('\n'));
async function counted(outcome: string): Promise<number> {
  const metric = await metrics.rows.get();
  return metric.values
    .filter((value) => value.labels.outcome === outcome)
    .reduce((sum, each) => sum + each.value, 0);
}

describe('the writer', () => {
  test('many requests become one batch; each is answered after the insert', async () => {
    open();
    await Promise.all(['1', '2', '3'].map((line) => writer.write('otel_logs', [line])));
    expect(inserted).toHaveLength(1);
    expect(rows()).toEqual(['1', '2', '3']);
  });

  test('a full batch does not wait', async () => {
    open({ flushMs: 60_000, flushRows: 2 });
    await writer.write('otel_logs', ['1', '2']);
    expect(rows()).toEqual(['1', '2']);
  });

  test('tables do not mix and tokens never repeat', async () => {
    open();
    await Promise.all([writer.write('otel_logs', ['1']), writer.write('otel_traces', ['2'])]);
    await writer.write('otel_logs', ['3']);
    expect(inserted.map((batch) => batch.table)).toEqual(['otel_logs', 'otel_traces', 'otel_logs']);
    expect(new Set(tried).size).toBe(3);
  });

  test('R3: ClickHouse away: spooled, answered, inserted in order later, with the token of the first try', async () => {
    open();
    failure = new Error('connection refused');
    for (const line of ['1', '2', '3']) await writer.write('otel_logs', [line]);
    expect(inserted).toEqual([]);
    expect(spool.bytes).toBeGreaterThan(0);
    const [firstTry] = tried;
    failure = undefined;
    await writer.write('otel_logs', ['4']);
    await until('all are inserted', () => rows().length === 4);
    expect(rows()).toEqual(['1', '2', '3', '4']);
    expect(inserted[0]?.token).toBe(firstTry);
    // The fourth is spooled behind the others, or inserted at once when they were out by then.
    const spooled = await counted('spooled');
    expect([3, 4]).toContain(spooled);
    // Counted once the insert has returned, which is after the rows are to be seen.
    await vi.waitFor(async () => expect(await counted('replayed')).toBe(spooled));
  });

  test('neither ClickHouse nor room on disk: the sender is told, and it is counted', async () => {
    open({}, 200);
    failure = new Error('connection refused');
    await expect(writer.write('otel_logs', ['x'.repeat(500)])).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    expect(await counted('refused')).toBe(1);
  });

  test('a batch ClickHouse calls malformed is dropped and counted, not repeated for ever', async () => {
    open();
    failure = Object.assign(new Error('Cannot parse'), { code: '27' });
    await writer.write('otel_logs', ['bad', 'worse']);
    expect(tried).toHaveLength(1);
    expect(await counted('dropped')).toBe(2);
    failure = undefined;
    await writer.write('otel_logs', ['good']);
    expect(rows()).toEqual(['good']);
  });

  test('memory is bounded: beyond it the sender is told at once', async () => {
    open({ flushMs: 60_000, maxPendingBytes: 100 });
    const kept = writer.write('otel_logs', ['x'.repeat(90)]);
    await expect(writer.write('otel_logs', ['y'.repeat(20)])).rejects.toMatchObject({
      code: 'TELEMETRY_BUSY',
    });
    await writer[Symbol.asyncDispose]();
    await kept;
    expect(rows()).toHaveLength(1);
  });
});
