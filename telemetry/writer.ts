/**
 * From rendered rows to ClickHouse: rows of many requests become one batch a table, and a request is answered when
 * its rows are inserted or safely spooled, never before. While anything is spooled, new batches go behind it, so
 * order holds. Bounded in memory and on disk; what can be kept in neither is refused to the sender and counted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ClrkError, errorMessage } from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { isPoison } from './insert-failure.ts';
import type { TelemetryMetrics } from './metrics.ts';
import type { Table } from './schema.ts';
import type { Spool, SpooledBatch } from './spool.ts';
import type { Store } from './store.ts';

export interface WriterOptions {
  readonly store: Pick<Store, 'insert'>;
  readonly spool: Spool;
  readonly metrics: TelemetryMetrics;
  readonly log: Log;
  /** Makes this process's tokens unlike any other's. */
  readonly bootId: string;
  readonly limits?: Partial<WriterLimits>;
}

export interface WriterLimits {
  readonly flushMs: number;
  readonly flushRows: number;
  readonly flushBytes: number;
  readonly maxPendingBytes: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/** reference/clrk.md (d): flush at 1 s, 10 000 rows or 8 MiB, retry 250 ms to 5 s. We flush sooner for readers. */
const defaults: WriterLimits = {
  flushMs: 400,
  flushRows: 10_000,
  flushBytes: 8 * 1024 * 1024,
  maxPendingBytes: 128 * 1024 * 1024,
  retryMinMs: 250,
  retryMaxMs: 5_000,
};

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Pending {
  lines: string[];
  bytes: number;
  waiters: Waiter[];
  timer: NodeJS.Timeout | undefined;
}

const newline = Buffer.from('\n');

export class Writer implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #limits: WriterLimits;
  readonly #pending = new Map<Table, Pending>();
  readonly #closed = new AbortController();
  readonly #flushing = new Set<Promise<void>>();
  #pendingBytes = 0;
  #batches = 0;
  #replay: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
    if (!options.spool.empty) this.#startReplay();
  }

  /** Resolves when every row is in ClickHouse or on disk; throws (retryable) when they could be kept in neither. */
  async write(table: Table, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
    if (this.#pendingBytes + bytes > this.#limits.maxPendingBytes || this.#closed.signal.aborted) {
      this.#options.metrics.rows.inc({ table, outcome: 'refused' }, lines.length);
      throw new ClrkError('TELEMETRY_BUSY', 'telemetry cannot take more rows now', { retryable: true });
    }
    const pending = this.#pendingOf(table);
    for (const line of lines) pending.lines.push(line);
    pending.bytes += bytes;
    this.#grow(bytes);
    const kept = new Promise<void>((resolve, reject) => pending.waiters.push({ resolve, reject }));
    if (pending.lines.length >= this.#limits.flushRows || pending.bytes >= this.#limits.flushBytes) {
      this.#flush(table);
    } else pending.timer ??= setTimeout(() => this.#flush(table), this.#limits.flushMs);
    return kept;
  }

  /** Flushes what is pending; stops replaying (the spool stays for the next process). Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    for (const table of this.#pending.keys()) this.#flush(table);
    await Promise.all(this.#flushing);
    await this.#replay;
  }

  #pendingOf(table: Table): Pending {
    let pending = this.#pending.get(table);
    if (pending === undefined) {
      pending = { lines: [], bytes: 0, waiters: [], timer: undefined };
      this.#pending.set(table, pending);
    }
    return pending;
  }

  #grow(bytes: number): void {
    this.#pendingBytes += bytes;
    this.#options.metrics.pendingBytes.set(this.#pendingBytes);
  }

  #flush(table: Table): void {
    const pending = this.#pending.get(table);
    if (pending === undefined) return;
    this.#pending.delete(table);
    clearTimeout(pending.timer);
    const { bootId } = this.#options;
    const token = `${table}-${bootId}-${++this.#batches}`;
    const body = Buffer.concat([Buffer.from(pending.lines.join('\n')), newline]);
    const batch = { table, token, body, rows: pending.lines.length };
    const done = this.#keep(batch)
      .then(
        () => pending.waiters.forEach((waiter) => waiter.resolve()),
        (error: Error) => pending.waiters.forEach((waiter) => waiter.reject(error)),
      )
      .finally(() => {
        this.#grow(-pending.bytes);
        this.#flushing.delete(done);
      });
    this.#flushing.add(done);
  }

  async #keep(batch: SpooledBatch & { readonly table: Table }): Promise<void> {
    const { spool, metrics, log } = this.#options;
    if (spool.empty) {
      const outcome = await this.#insert(batch);
      if (outcome !== 'failed') return;
    }
    try {
      await spool.append(batch);
    } catch (error) {
      metrics.rows.inc({ table: batch.table, outcome: 'refused' }, batch.rows);
      log.error({ table: batch.table, rows: batch.rows, reason: errorMessage(error) }, 'rows refused');
      throw error;
    }
    metrics.rows.inc({ table: batch.table, outcome: 'spooled' }, batch.rows);
    metrics.spoolBytes.set(spool.bytes);
    this.#startReplay();
  }

  /** `dropped` counts as done: no repetition can help a batch ClickHouse calls malformed. */
  async #insert(batch: SpooledBatch): Promise<'inserted' | 'dropped' | 'failed'> {
    const { store, metrics, log } = this.#options;
    const { table, rows } = batch;
    try {
      await store.insert(batch);
      metrics.batches.inc({ table, outcome: 'inserted' });
      metrics.rows.inc({ table, outcome: 'inserted' }, rows);
      return 'inserted';
    } catch (error) {
      const poison = isPoison(error);
      metrics.batches.inc({ table, outcome: poison ? 'poison' : 'failed' });
      if (poison) metrics.rows.inc({ table, outcome: 'dropped' }, rows);
      log.warn({ table, rows, poison, reason: errorMessage(error).slice(0, 300) }, 'insert failed');
      return poison ? 'dropped' : 'failed';
    }
  }

  #startReplay(): void {
    if (this.#replay !== undefined || this.#closed.signal.aborted) return;
    this.#replay = this.#replayAll().finally(() => {
      this.#replay = undefined;
      if (!this.#options.spool.empty) this.#startReplay();
    });
  }

  async #replayAll(): Promise<void> {
    const { spool, metrics } = this.#options;
    let wait = this.#limits.retryMinMs;
    while (!this.#closed.signal.aborted) {
      const batch = await spool.peek();
      if (batch === undefined) break;
      if ((await this.#insert(batch)) === 'failed') {
        await delay(wait, undefined, { signal: this.#closed.signal }).catch(() => undefined);
        wait = Math.min(wait * 2, this.#limits.retryMaxMs);
        continue;
      }
      wait = this.#limits.retryMinMs;
      await spool.shift();
      metrics.rows.inc({ table: batch.table, outcome: 'replayed' }, batch.rows);
      metrics.spoolBytes.set(spool.bytes);
    }
  }
}
