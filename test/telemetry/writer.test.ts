import { mkdirSync, readdirSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMetrics } from '../../telemetry/metrics.ts';
import { rowBytes } from '../../telemetry/spool/row-bytes.ts';
import { Spool } from '../../telemetry/spool/spool.ts';
import type { InsertBatch } from '../../telemetry/store/store.ts';
import { Writer, type WriterLimits } from '../../telemetry/spool/writer.ts';
import { removeDirectory, silentLog, temporaryDirectory, until } from './embedded.ts';
import { soon } from '../soon.ts';

let directory: string;
let inserted: InsertBatch[];
let tried: string[];
let failure: Error | undefined;
/** A row ClickHouse refuses for what it holds; one that it cannot take now, however often. */
let poison: string | undefined;
let stuck: string | undefined;
let aside: string[];
let underWay: number;
let most: number;
let writer: Writer;
let spool: Spool;
let metrics: ReturnType<typeof createMetrics>;

beforeEach(() => {
  directory = temporaryDirectory();
  inserted = [];
  tried = [];
  failure = undefined;
  poison = undefined;
  stuck = undefined;
  aside = [];
  underWay = 0;
  most = 0;
  metrics = createMetrics();
});
afterEach(async () => {
  await writer[Symbol.asyncDispose]();
  removeDirectory(directory);
});

function open(limits: Partial<WriterLimits> = {}, spoolBytes = 100_000): void {
  spool = new Spool(directory, spoolBytes, { onAside: (reason) => aside.push(reason) });
  writer = new Writer({
    store: {
      insert: async (batch) => {
        tried.push(batch.token);
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay--;
        const lines = batch.body.toString().split('\n');
        if (failure !== undefined) throw failure;
        if (lines.includes(poison ?? '\0')) throw Object.assign(new Error('Cannot parse'), { code: '27' });
        if (lines.includes(stuck ?? '\0')) throw Object.assign(new Error('Memory limit'), { code: '241' });
        inserted.push(batch);
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
    await Promise.all(['1', '2', '3'].map((line) => writer.write('otel_logs', rowBytes([line]))));
    expect(inserted).toHaveLength(1);
    expect(rows()).toEqual(['1', '2', '3']);
  });

  test('a full batch does not wait', async () => {
    open({ flushMs: 60_000, flushRows: 2 });
    await writer.write('otel_logs', rowBytes(['1', '2']));
    expect(rows()).toEqual(['1', '2']);
  });

  test('tables do not mix and tokens never repeat', async () => {
    open();
    await Promise.all([
      writer.write('otel_logs', rowBytes(['1'])),
      writer.write('otel_traces', rowBytes(['2'])),
    ]);
    await writer.write('otel_logs', rowBytes(['3']));
    expect(inserted.map((batch) => batch.table)).toEqual(['otel_logs', 'otel_traces', 'otel_logs']);
    expect(new Set(tried).size).toBe(3);
  });

  test('R3: ClickHouse away: spooled, answered, inserted in order later, with the token of the first try', async () => {
    open();
    failure = new Error('connection refused');
    for (const line of ['1', '2', '3']) await writer.write('otel_logs', rowBytes([line]));
    expect(inserted).toEqual([]);
    expect(spool.bytes).toBeGreaterThan(0);
    const [firstTry] = tried;
    failure = undefined;
    await writer.write('otel_logs', rowBytes(['4']));
    await until('all are inserted', () => rows().length === 4);
    expect(rows()).toEqual(['1', '2', '3', '4']);
    expect(inserted[0]?.token).toBe(firstTry);
    // The fourth is spooled behind the others, or inserted at once when they were out by then.
    const spooled = await counted('spooled');
    expect([3, 4]).toContain(spooled);
    // Counted once the insert has returned, which is after the rows are to be seen.
    await vi.waitFor(async () => expect(await counted('replayed')).toBe(spooled), soon);
  });

  test('neither ClickHouse nor room on disk: the sender is told, and it is counted', async () => {
    open({}, 200);
    failure = new Error('connection refused');
    await expect(writer.write('otel_logs', rowBytes(['x'.repeat(500)]))).rejects.toMatchObject({
      code: 'SPOOL_FULL',
    });
    expect(await counted('refused')).toBe(1);
  });

  test.each([
    ['alone', ['bad']],
    ['first', ['bad', '1', '2', '3']],
    ['last of many', [...Array.from({ length: 99 }, (_, index) => `${index}`), 'bad']],
    ['twice', ['1', 'bad', '2', '3', 'bad', '4', '5']],
  ])('a row ClickHouse refuses, %s, takes no other with it', async (_name, lines) => {
    open();
    poison = 'bad';
    await writer.write('otel_logs', rowBytes(lines));
    expect(rows()).toEqual(lines.filter((line) => line !== 'bad'));
    expect(await counted('dropped')).toBe(lines.filter((line) => line === 'bad').length);
    expect(aside).toEqual(lines.filter((line) => line === 'bad').map(() => 'poison'));
    const tried_ = tried.length;
    await writer.write('otel_logs', rowBytes(['good']));
    expect(tried).toHaveLength(tried_ + 1);
  });

  test('a batch of bad rows alone costs a bounded number of inserts', async () => {
    open();
    poison = 'bad';
    await writer.write('otel_logs', rowBytes(Array.from({ length: 5_000 }, () => 'bad')));
    expect(tried.length).toBeLessThan(200);
    expect(await counted('dropped')).toBe(5_000);
  });

  test('a table has one insert under way: rows become visible in the order they came', async () => {
    open({ flushMs: 1, flushRows: 1 });
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => writer.write('otel_logs', rowBytes([`${index}`]))),
    );
    expect(most).toBe(1);
    expect(rows()).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
  });

  const spoil: ReadonlyArray<readonly [string, string, (file: string) => void]> = [
    ['vanished', 'missing', (file) => unlinkSync(file)],
    ['was cut short', 'damaged', (file) => truncateSync(file, 40)],
    ['became a folder', 'unreadable', (file) => (unlinkSync(file), mkdirSync(file))],
  ];
  test.each(spoil)(
    'a spool file that %s is counted as %s; those behind it are kept',
    async (_name, why, how) => {
      const unhandled: unknown[] = [];
      const note = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', note);
      open();
      failure = new Error('connection refused');
      for (const line of ['1', '2', '3']) await writer.write('otel_logs', rowBytes([line]));
      const [first = ''] = readdirSync(directory)
        .filter((file) => file.endsWith('.batch'))
        .sort();
      how(join(directory, first));
      const before = tried.length;
      await until('it has gone on trying', () => tried.length > before + 5);
      failure = undefined;
      await until('the others are inserted', () => rows().length === 2);
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
      expect(rows().sort()).toEqual(['2', '3']);
      expect(aside).toEqual([why]);
    },
  );

  test('a spooled batch of a table that is no more does not block the others', async () => {
    const left = new Spool(directory, 100_000);
    await left.append({ table: 'gone', token: 'x', rows: 1, body: Buffer.from('0\n') });
    await left.append({ table: 'otel_logs', token: 'y', rows: 1, body: Buffer.from('1\n') });
    open();
    await until('the other is inserted', () => rows().length === 1);
    expect(rows()).toEqual(['1']);
    expect(aside).toEqual(['poison']);
  });

  test('a batch that fails for ever lets the others pass', async () => {
    const left = new Spool(directory, 100_000);
    await left.append({ table: 'otel_logs', token: 'stuck', rows: 1, body: Buffer.from('stuck\n') });
    await left.append({ table: 'otel_logs', token: 'y', rows: 1, body: Buffer.from('1\n') });
    stuck = 'stuck';
    open();
    await until('the other is inserted', () => rows().includes('1'));
    stuck = undefined;
    await until('and then it is', () => rows().includes('stuck'));
  });

  test('memory is bounded: beyond it the sender is told at once', async () => {
    open({ flushMs: 60_000, maxPendingBytes: 100 });
    const kept = writer.write('otel_logs', rowBytes(['x'.repeat(90)]));
    await expect(writer.write('otel_logs', rowBytes(['y'.repeat(20)]))).rejects.toMatchObject({
      code: 'TELEMETRY_BUSY',
    });
    await writer[Symbol.asyncDispose]();
    await kept;
    expect(rows()).toHaveLength(1);
  });
});
