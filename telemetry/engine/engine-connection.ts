/**
 * The embedded engine behind `@clickhouse/client`: the client's Connection contract spoken over the child's
 * protocol, so that every query in this folder is written once, for a server and for the embedded engine alike.
 * Settings of an insert travel in its statement, never as SET: a SET would stay for the next insert.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { createClient } from '@clickhouse/client';
import { ClrkError } from '../../contract/index.ts';
import type { EngineProcess } from './engine-process.ts';

// The client's own contract, taken from where it is asked for: its package does not export the names.
type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;
type QueryCall = Parameters<Connection['query']>[0];
type InsertCall = Parameters<Connection['insert']>[0];
type Result<K extends keyof Connection> = ReturnType<Connection[K]>;

interface Meta {
  query_id: string;
  response_headers: Record<string, string>;
  http_status_code: number;
}

async function collect(values: string | Readable): Promise<Uint8Array> {
  if (typeof values === 'string') return Buffer.from(values);
  const chunks: Buffer[] = [];
  for await (const chunk of values as AsyncIterable<Uint8Array | string>) chunks.push(Buffer.from(chunk));
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function tableOf(statement: string): string {
  const table = /^INSERT INTO ([A-Za-z_][\w.]*)\s+FORMAT JSONEachRow\s*$/.exec(statement)?.[1];
  if (table === undefined) throw new ClrkError('ENGINE_STATEMENT', 'only JSONEachRow inserts are supported');
  return table;
}

export class EngineConnection implements Connection {
  readonly #engine: EngineProcess;

  constructor(engine: EngineProcess) {
    this.#engine = engine;
  }

  async query(params: QueryCall): Result<'query'> {
    const body = await this.#run(params);
    return { stream: Readable.from(body.length === 0 ? [] : [Buffer.from(body)]), ...this.#meta(params) };
  }

  async command(params: QueryCall): Result<'command'> {
    await this.#run(params);
    return this.#meta(params);
  }

  async exec(params: Parameters<Connection['exec']>[0]): Result<'exec'> {
    if (params.values === undefined) return this.query(params);
    await this.insert({ ...params, values: params.values });
    return { stream: Readable.from([]), ...this.#meta(params) };
  }

  async insert(params: InsertCall): Result<'insert'> {
    const given = Object.entries(params.clickhouse_settings ?? {});
    const settings = Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
    const body = await collect(params.values);
    await this.#engine.call({ op: 'insert', table: tableOf(params.query), body, settings });
    return this.#meta(params);
  }

  async ping(): Result<'ping'> {
    try {
      await this.#engine.call({ op: 'query', sql: 'SELECT 1', params: {} });
      return { success: true };
    } catch (error) {
      return { success: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  async #run(params: QueryCall): Promise<Uint8Array> {
    return this.#engine.call({ op: 'query', sql: params.query, params: params.query_params ?? {} });
  }

  #meta(params: QueryCall): Meta {
    return { query_id: params.query_id ?? randomUUID(), response_headers: {}, http_status_code: 200 };
  }
}
