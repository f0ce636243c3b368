/**
 * ClickHouse as this folder uses it: bound queries, and inserts of NDJSON with a deduplication token. One
 * implementation over `@clickhouse/client`, whether a server or the embedded engine is behind it.
 * Values never enter a statement's text; only table names and column lists written in this folder do.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { EngineConnection } from './engine-connection.ts';
import { EngineProcess, type EngineProcessOptions } from './engine-process.ts';
import type { QueryParams } from './engine-protocol.ts';

export interface InsertBatch {
  readonly table: string;
  /** Newline-delimited JSON rows. */
  readonly body: Buffer;
  /** The same batch retried carries the same token, and ClickHouse keeps it once. */
  readonly token: string;
}

export interface Store extends AsyncDisposable {
  command(sql: string): Promise<void>;
  query<T>(sql: string, params?: QueryParams): Promise<T[]>;
  insert(batch: InsertBatch): Promise<void>;
}

/** reference/clrk.md (d): insert timeout 30 s. */
const requestTimeoutMs = 30_000;

class ClickHouseStore implements Store {
  readonly #client: ClickHouseClient;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  async command(sql: string): Promise<void> {
    await this.#client.command({ query: sql });
  }

  async query<T>(sql: string, params: QueryParams = {}): Promise<T[]> {
    const result = await this.#client.query({ query: sql, query_params: params, format: 'JSONEachRow' });
    return result.json<T>();
  }

  async insert(batch: InsertBatch): Promise<void> {
    // `exec`, because the client's `insert` takes rows as objects only and would render them a second time.
    const answer = await this.#client.exec({
      query: `INSERT INTO ${batch.table} FORMAT JSONEachRow`,
      values: Readable.from([batch.body], { objectMode: false }),
      clickhouse_settings: { insert_deduplication_token: batch.token },
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
