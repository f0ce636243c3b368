/**
 * ClickHouse as this folder uses it: bound queries, and inserts of NDJSON with a deduplication token. One
 * implementation over `@clickhouse/client`, whether a server or the embedded engine is behind it.
 * Values never enter a statement's text; only table names and column lists written in this folder do.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { EngineConnection } from '../engine/engine-connection.ts';
import { EngineProcess, type EngineProcessOptions } from '../engine/engine-process.ts';
import type { QueryParams } from '../engine/engine-protocol.ts';
import { isOverflow, renderBounds, tooBroad } from './query-bounds.ts';

export interface InsertBatch {
  readonly table: string;
  /** Newline-delimited JSON rows. */
  readonly body: Buffer;
  /** The same batch retried carries the same token, and ClickHouse keeps it once. */
  readonly token: string;
}

export interface Store extends AsyncDisposable {
  /** Statements of this folder that change something; bounded by themselves. */
  command(sql: string, params?: QueryParams): Promise<void>;
  /** Reads, each within the bounds of query-bounds.ts. Throws TELEMETRY_TOO_BROAD when it would cost more. */
  query<T>(sql: string, params?: QueryParams): Promise<T[]>;
  insert(batch: InsertBatch): Promise<void>;
}

/** The original's time-out of an insert. */
const insertTimeoutMs = 30_000;
/** A migration copies a day of records in one statement. Reads are bounded by ClickHouse itself, in seconds. */
const requestTimeoutMs = 30 * 60 * 1000;

/**
 * Said, not left to the server's defaults, which differ by version: rows are there when the insert returns, a token counts
 * once, a time in quotes is read by its digits.
 */
const insertSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  date_time_input_format: 'basic',
  input_format_skip_unknown_fields: 1,
} as const;

class ClickHouseStore implements Store {
  readonly #client: ClickHouseClient;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    await this.#client.command({ query: sql, query_params: params });
  }

  async query<T>(sql: string, params: QueryParams = {}): Promise<T[]> {
    try {
      const query = `${sql}\n${renderBounds()}`;
      const result = await this.#client.query({ query, query_params: params, format: 'JSONEachRow' });
      return await result.json<T>();
    } catch (error) {
      throw isOverflow(error) ? tooBroad() : error;
    }
  }

  async insert(batch: InsertBatch): Promise<void> {
    // `exec`, because the client's `insert` takes rows as objects only and would render them a second time.
    const answer = await this.#client.exec({
      query: `INSERT INTO ${batch.table} FORMAT JSONEachRow`,
      values: Readable.from([batch.body], { objectMode: false }),
      clickhouse_settings: { ...insertSettings, insert_deduplication_token: batch.token },
      abort_signal: AbortSignal.timeout(insertTimeoutMs),
    });
    await finished(answer.stream.resume());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

/** A ClickHouse server; user and password may be in the URL. */
export function openServerStore(url: string): Store {
  return new ClickHouseStore(
    createClient({ url, request_timeout: requestTimeoutMs, max_open_connections: 8 }),
  );
}

export interface EmbeddedStore extends Store {
  readonly engine: EngineProcess;
}

/** The embedded engine in its own child process. */
export function openEmbeddedStore(options: EngineProcessOptions): EmbeddedStore {
  const engine = new EngineProcess(options);
  const store = new ClickHouseStore(createClient({ connection: new EngineConnection(engine) }));
  return Object.assign(store, { engine });
}
