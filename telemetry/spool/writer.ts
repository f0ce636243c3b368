/**
 * From rendered rows to ClickHouse: rows of many requests become one batch a table, and a request is answered when its
 * rows are inserted or safely spooled, never before. A table has one insert under way, so rows become visible in the order
 * they are numbered, which followers rely on. Bounded in memory and on disk; what can be kept in neither is refused to the
 * sender and counted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { TelemetryMetrics } from '../metrics.ts';
import { isTable, type Table } from '../schema/tables.ts';
import type { Store } from '../store/store.ts';
import { insertBatch, type Verdict } from './inserter.ts';
import { Parcels, type Parcel } from './parcels.ts';
import type { RowBytes } from './row-bytes.ts';
import type { Spool } from './spool.ts';
import type { SpooledBatch } from './spool-file.ts';

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

/** The original flushes at 1 s, 10 000 rows or 8 MiB, and retries after 250 ms to 5 s. We flush sooner for readers. */
const defaults: WriterLimits = {
  flushMs: 400,
  flushRows: 10_000,
  flushBytes: 8 * 1024 * 1024,
  maxPendingBytes: 128 * 1024 * 1024,
  retryMinMs: 250,
  retryMaxMs: 5_000,
};
/** A batch that fails this often in a row goes behind the others. */
const triesBeforeRotation = 5;

interface Lane {
  readonly parcels: Parcels;
  timer: NodeJS.Timeout | undefined;
  running: Promise<void> | undefined;
}

export class Writer implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #limits: WriterLimits;
  readonly #lanes = new Map<Table, Lane>();
  readonly #closed = new AbortController();
  #pendingBytes = 0;
  #batches = 0;
  #replay: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
    if (!options.spool.empty) this.#startReplay();
  }

  /** Resolves when every row is in ClickHouse or on disk; throws (retryable) when they could be kept in neither. */
  async write(table: Table, rows: RowBytes): Promise<void> {
    if (rows.count === 0) return;
    const bytes = rows.body.length;
    if (this.#pendingBytes + bytes > this.#limits.maxPendingBytes || this.#closed.signal.aborted) {
      this.#options.metrics.rows.inc({ table, outcome: 'refused' }, rows.count);
      throw new ClrkError('TELEMETRY_BUSY', 'telemetry cannot take more rows now', { retryable: true });
    }
    this.#grow(bytes);
    const lane = this.#laneOf(table);
    const kept = new Promise<void>((resolve, reject) => lane.parcels.add({ rows, resolve, reject }));
    if (lane.parcels.full) this.#run(table, lane);
    else lane.timer ??= setTimeout(() => this.#run(table, lane), this.#limits.flushMs);
    return kept;
  }

  /** Flushes what is pending; stops replaying (the spool stays for the next process). Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    for (const [table, lane] of this.#lanes) this.#run(table, lane);
    for (const lane of this.#lanes.values()) await lane.running;
    await this.#replay;
  }

  #laneOf(table: Table): Lane {
    let lane = this.#lanes.get(table);
    if (lane === undefined) {
      lane = { parcels: new Parcels(this.#limits), timer: undefined, running: undefined };
      this.#lanes.set(table, lane);
    }
    return lane;
  }

  #grow(bytes: number): void {
    this.#pendingBytes += bytes;
    this.#options.metrics.pendingBytes.set(this.#pendingBytes);
  }

  /** Starts inserting what waits, unless this table is being inserted into: then it follows. */
  #run(table: Table, lane: Lane): void {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    lane.running ??= this.#drain(table, lane).finally(() => (lane.running = undefined));
  }

  async #drain(table: Table, lane: Lane): Promise<void> {
    while (!lane.parcels.empty) {
      const parcels = lane.parcels.take();
      await this.#keepAll(table, parcels);
    }
  }

  async #keepAll(table: Table, parcels: readonly Parcel[]): Promise<void> {
    const token = `${table}-${this.#options.bootId}-${++this.#batches}`;
    const rows = parcels.reduce((sum, parcel) => sum + parcel.rows.count, 0);
    const body = Buffer.concat(parcels.map((parcel) => parcel.rows.body));
    try {
      await this.#keep({ table, token, body, rows });
      for (const parcel of parcels) parcel.resolve();
    } catch (error) {
      for (const parcel of parcels) parcel.reject(error as Error);
    } finally {
      this.#grow(-body.length);
    }
  }

  async #keep(batch: SpooledBatch & { readonly table: Table }): Promise<void> {
    const { spool, metrics, log } = this.#options;
    if (spool.empty && (await insertBatch(batch, this.#options)) === 'done') return;
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

  #startReplay(): void {
    if (this.#replay !== undefined || this.#closed.signal.aborted) return;
    this.#replay = this.#replayAll()
      // Nothing in it throws; if something does, it is said, and tried again no sooner than after a pause.
      .catch(async (error: unknown) => {
        this.#options.log.error({ reason: errorMessage(error) }, 'spool not replayed');
        await this.#pause(this.#limits.retryMaxMs);
      })
      .finally(() => {
        this.#replay = undefined;
        if (!this.#options.spool.empty) this.#startReplay();
      });
  }

  async #replayAll(): Promise<void> {
    const { spool, metrics } = this.#options;
    let waitMs = this.#limits.retryMinMs;
    let tries = 0;
    while (!this.#closed.signal.aborted) {
      const batch = await spool.peek();
      metrics.spoolBytes.set(spool.bytes);
      if (batch === undefined) return;
      if ((await this.#replayOne(batch)) === 'failed') {
        if (++tries % triesBeforeRotation === 0) spool.rotate();
        await this.#pause(waitMs);
        waitMs = Math.min(waitMs * 2, this.#limits.retryMaxMs);
        continue;
      }
      waitMs = this.#limits.retryMinMs;
      tries = 0;
      await spool.shift();
      metrics.spoolBytes.set(spool.bytes);
    }
  }

  async #replayOne(batch: SpooledBatch): Promise<Verdict> {
    const { spool, metrics } = this.#options;
    if (!isTable(batch.table)) {
      await spool.setAside(batch, 'poison');
      return 'done';
    }
    const verdict = await insertBatch(batch, this.#options);
    if (verdict === 'done') metrics.rows.inc({ table: batch.table, outcome: 'replayed' }, batch.rows);
    return verdict;
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closed.signal }).catch(() => undefined);
  }
}
