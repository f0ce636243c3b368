/**
 * The read API: NDJSON answers to the CLI, which comes through the API server's service proxy with the reader's
 * token in a header that proxy leaves alone. Records come oldest first (the newest `limit` of them), invocations
 * newest first; `follow` goes on by polling. It reads only; it must never see a path outside its scope.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { ClrkError, errorMessage, header, readerTokenHeader } from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { follow } from './follow.ts';
import { planRead } from './read-query.ts';
import { parseReadRequest, type ReadRequest } from './read-request.ts';
import type { Store } from './store.ts';

export interface ReadHandlerOptions {
  readonly store: Pick<Store, 'query'>;
  readonly authorize: (authorization: string | undefined) => boolean;
  readonly log: Log;
  /** Ends every follower. */
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

/** Each follower costs a query a second. */
const maxFollowers = 32;
/** The API server's proxy cuts at about an hour; a client that follows reconnects. */
const maxFollowMs = 60 * 60 * 1000;

const statusOf: Readonly<Record<string, number>> = {
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  BAD_REQUEST: 400,
  METHOD_NOT_ALLOWED: 405,
  TOO_MANY_FOLLOWERS: 429,
};

function isInvocations(request: ReadRequest): boolean {
  return request.what !== 'logs' && request.what !== 'traces';
}

/** The first answer, in the order of the API. */
async function readOnce(store: Pick<Store, 'query'>, request: ReadRequest): Promise<unknown[]> {
  const plan = planRead(request);
  const rows = (await store.query<Record<string, unknown>>(plan.sql, plan.params)).map(plan.render);
  if (!isInvocations(request)) return rows.toReversed();
  return rows.map((row) => (row as { object: unknown }).object);
}

async function writeLines(response: ServerResponse, objects: readonly unknown[]): Promise<void> {
  if (objects.length === 0 || response.destroyed) return;
  const text = objects.map((object) => `${JSON.stringify(object)}\n`).join('');
  if (response.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

class ReadHandler {
  readonly #options: ReadHandlerOptions;
  #followers = 0;

  constructor(options: ReadHandlerOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const read = this.#admit(request);
      if ('filter' in read && read.filter.follow) await this.#follow(read, response);
      else await this.#answer(read, response);
    } catch (thrown) {
      this.#fail(response, thrown);
    }
  }

  #admit(request: IncomingMessage): ReadRequest {
    const given = request.headers[readerTokenHeader] ?? request.headers.authorization;
    if (!this.#options.authorize(typeof given === 'string' ? given : undefined)) {
      throw new ClrkError('UNAUTHORIZED', 'the telemetry reader token is needed');
    }
    if (request.method !== 'GET') throw new ClrkError('METHOD_NOT_ALLOWED', 'GET only');
    return parseReadRequest(request.url ?? '');
  }

  async #answer(read: ReadRequest, response: ServerResponse): Promise<void> {
    const objects = await readOnce(this.#options.store, read);
    if (read.what === 'invocation' && objects.length === 0) {
      throw new ClrkError('NOT_FOUND', 'no such invocation in this namespace');
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    await writeLines(response, objects);
    response.end();
  }

  async #follow(read: ReadRequest & { filter: object }, response: ServerResponse): Promise<void> {
    if (this.#followers >= maxFollowers) {
      throw new ClrkError('TOO_MANY_FOLLOWERS', `at most ${maxFollowers} readers may follow at once`);
    }
    this.#followers++;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#options.signal, AbortSignal.timeout(maxFollowMs)]);
    try {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.flushHeaders();
      const source = follow(this.#options.store, read, signal);
      const pollMs = this.#options.pollMs ?? 1000;
      while (!signal.aborted) {
        await writeLines(response, await source.next());
        await delay(pollMs, undefined, { signal }).catch(() => undefined);
      }
      response.end();
    } finally {
      this.#followers--;
    }
  }

  #fail(response: ServerResponse, thrown: unknown): void {
    const known = thrown instanceof ClrkError ? statusOf[thrown.code] : undefined;
    if (known === undefined) {
      this.#options.log.error({ reason: errorMessage(thrown).slice(0, 300) }, 'read failed');
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const code = known === undefined ? 'TELEMETRY_UNAVAILABLE' : (thrown as ClrkError).code;
    const message = known === undefined ? 'the telemetry store cannot answer now' : errorMessage(thrown);
    response.writeHead(known ?? 503, { 'content-type': 'application/json', [header.errorCode]: code });
    response.end(JSON.stringify({ code, message }));
  }
}

export function createReadHandler(options: ReadHandlerOptions): RequestListener {
  const handler = new ReadHandler(options);
  return (request, response) => void handler.handle(request, response);
}
