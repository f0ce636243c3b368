/**
 * The read API: NDJSON answers to the CLI, which comes through the API server's service proxy with the reader's
 * token in a header that proxy leaves alone. Records come oldest first (the newest `limit` of them), invocations newest
 * first; a page that is cut says so by a header with the token of the next. `follow` goes on by polling. It reads only; it
 * must never see a path outside its scope.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  ClrkError,
  errorMessage,
  header,
  mayReadNamespace,
  readerTokenHeader,
  type ReaderClaims,
} from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import { answerFollower, answerPage, untilClosed } from './answer.ts';
import { ReadTurns } from './read-turns.ts';
import { namespaceOf, parseReadRequest, type ReadRequest } from './read-request.ts';
import type { Store } from '../store/store.ts';
import { followerLimits, WatcherShare } from './watcher-share.ts';

export interface ReadHandlerOptions {
  readonly store: Pick<Store, 'query'>;
  /** Shared by all doors to the store; absent: this one has its own. */
  readonly turns?: ReadTurns;
  /** What a header lets its sender read; undefined: nothing. */
  readonly reader: (authorization: string | undefined) => ReaderClaims | undefined;
  readonly log: Log;
  /** Ends every follower. */
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

/** The API server's proxy cuts at about an hour; a client that follows reconnects. */
const maxFollowMs = 60 * 60 * 1000;

const statusOf: Readonly<Record<string, number>> = {
  UNAUTHORIZED: 401,
  NAMESPACE_DENIED: 403,
  NOT_FOUND: 404,
  BAD_REQUEST: 400,
  METHOD_NOT_ALLOWED: 405,
  TOO_MANY_AT_ONCE: 429,
  TELEMETRY_TOO_BROAD: 422,
  READER_GONE: 499,
};

interface Admitted {
  readonly read: ReadRequest;
  readonly expiresMs: number;
}

interface Following extends Admitted {
  readonly store: Pick<Store, 'query'>;
  /** Its client went. */
  readonly gone: AbortSignal;
}

class ReadHandler {
  readonly #options: ReadHandlerOptions;
  readonly #followers = new WatcherShare(followerLimits, 'watch or follow');
  readonly #turns: ReadTurns;

  constructor(options: ReadHandlerOptions) {
    this.#options = options;
    this.#turns = options.turns ?? new ReadTurns(options.store);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { read, expiresMs } = this.#admit(request);
      const gone = untilClosed(response);
      const store = this.#turns.of(namespaceOf(read), gone);
      if (!('filter' in read) || !read.filter.follow) return await answerPage(store, read, response);
      await this.#follow({ store, read, expiresMs, gone }, response);
    } catch (thrown) {
      this.#fail(response, thrown);
    }
  }

  #admit(request: IncomingMessage): Admitted {
    const given = request.headers[readerTokenHeader] ?? request.headers.authorization;
    const claims = this.#options.reader(typeof given === 'string' ? given : undefined);
    if (claims === undefined) {
      throw new ClrkError('UNAUTHORIZED', 'a reader token that is still good is needed');
    }
    if (request.method !== 'GET') throw new ClrkError('METHOD_NOT_ALLOWED', 'GET only');
    const read = parseReadRequest(request.url ?? '');
    const namespace = namespaceOf(read);
    if (!mayReadNamespace(claims, namespace)) {
      throw new ClrkError('NAMESPACE_DENIED', `this reader token is not for namespace ${namespace}`);
    }
    return { read, expiresMs: claims.expiresMs };
  }

  async #follow({ store, read, expiresMs, gone }: Following, response: ServerResponse): Promise<void> {
    const namespace = namespaceOf(read);
    using place = this.#followers.take({ user: namespace, namespace });
    void place;
    // A follower may not see more than its token says because it began in time.
    const forMs = Math.max(0, Math.min(maxFollowMs, expiresMs - Date.now()));
    const signal = AbortSignal.any([gone, this.#options.signal, AbortSignal.timeout(forMs)]);
    await answerFollower({ ...this.#options, store, signal }, read, response);
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
