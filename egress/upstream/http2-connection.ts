/**
 * One HTTP/2 session to an upstream, many exchanges at once, on node:http2. It finds out by itself when the peer is dead (PING)
 * or no longer needed (idle), and never lets an exchange of one caller end those of others.
 */
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { Boundary } from '../boundary.ts';
import type {
  BodyLength,
  UpstreamConnection,
  UpstreamReader,
  UpstreamRequest,
  UpstreamStream,
} from './exchange-port.ts';
import { Http2Exchange, type StreamOwner } from './http2-exchange.ts';
import { toHttp2Headers } from './http2-fields.ts';
import { UpstreamError } from './upstream-error.ts';

export const http2Upstream = {
  /** Streams on one connection, whatever more the peer allows: one lost connection loses no more calls. */
  maxStreams: 100,
  /** Without a stream: then it is closed. Servers keep them for minutes, this only bounds how many we hold. */
  idleMs: 60_000,
  /** Streams are open and nothing has come for this long: ask whether anybody is there. */
  quietMs: 5_000,
  /** No answer to the question for this long: nobody is. */
  pingTimeoutMs: 5_000,
} as const;

export interface Http2Options {
  /** Of the session: `host:port`. */
  readonly authority: string;
  readonly tls: boolean;
  readonly now: () => number;
  /** Once, when no new exchange may use it. */
  readonly onClose: () => void;
  readonly onBroken: (error: unknown) => void;
}

const silent = (): UpstreamError =>
  new UpstreamError(
    'UPSTREAM_CLOSED',
    'the upstream no longer answers on this connection (no reply to PING)',
  );

const gone = (): UpstreamError =>
  new UpstreamError('UPSTREAM_CLOSED', 'the upstream closed the connection', { unprocessed: true });

/** Stands in for a stream that could not be opened. */
const nothing = { write: () => true, end: () => undefined, resume: () => undefined, abort: () => undefined };

export class Http2Connection implements UpstreamConnection, StreamOwner {
  readonly remoteAddress: string;
  readonly #options: Http2Options;
  readonly #session: ClientHttp2Session;
  readonly #boundary: Boundary;
  readonly #socket: Socket;
  #streams = 0;
  #served = 0;
  #heardAt: number;
  #pingedAt: number | undefined;
  lastWorked: number | undefined;
  failure: UpstreamError | undefined;

  constructor(socket: Socket, options: Http2Options) {
    this.#options = options;
    this.#socket = socket;
    // A peer that has said its last word can answer no stream.
    socket.allowHalfOpen = false;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.#heardAt = options.now();
    this.#session = connect(`${options.tls ? 'https' : 'http'}://${options.authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
    const boundary = new Boundary(() => this.#session.destroy(), options.onBroken);
    this.#boundary = boundary;
    this.#session.on('error', () => this.#session.destroy());
    this.#session.on(
      'goaway',
      boundary.guard((_code: number, lastStreamId: number) => {
        this.lastWorked = lastStreamId;
        options.onClose();
      }),
    );
    this.#session.on('close', boundary.guard(options.onClose));
  }

  /** It has carried an exchange before: the peer may have closed it meanwhile. */
  get reused(): boolean {
    return this.#served > 0;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  get usable(): boolean {
    const session = this.#session;
    if (session.closed || session.destroyed || this.failure !== undefined) return false;
    const allowed = session.remoteSettings.maxConcurrentStreams ?? http2Upstream.maxStreams;
    return this.#streams < Math.min(http2Upstream.maxStreams, allowed);
  }

  heard(): void {
    this.#heardAt = this.#options.now();
  }

  open(request: UpstreamRequest, length: BodyLength, reader: UpstreamReader): UpstreamStream {
    const wasIdle = this.#streams === 0;
    const stream = request.upgrade === undefined ? this.#request(request, length) : undefined;
    if (stream === undefined) {
      const failure = this.usable ? refusal(request) : gone();
      const boundary = new Boundary(() => undefined, this.#options.onBroken);
      queueMicrotask(boundary.guard(() => reader.failed(failure)));
      return { ...nothing, remoteAddress: this.remoteAddress };
    }
    this.#streams += 1;
    this.#served += 1;
    const exchange = new Http2Exchange(stream, reader, this, this.#options.onBroken);
    this.#boundary.on(stream, 'close', () => {
      this.#streams -= 1;
      this.heard();
    });
    if (wasIdle && this.#options.now() - this.#heardAt > http2Upstream.quietMs) this.#ping();
    return exchange;
  }

  /** undefined: node or the peer's settings do not let this request through. */
  #request(request: UpstreamRequest, length: BodyLength): ClientHttp2Stream | undefined {
    const pseudo = {
      ':method': request.method,
      ':path': request.target,
      ':scheme': this.#options.tls ? 'https' : 'http',
      ':authority': request.authority,
      ...(length === 'chunked' || length === 0 ? {} : { 'content-length': length }),
    };
    try {
      return this.#session.request(toHttp2Headers(request.fields, pseudo), {
        endStream: length === 0,
        waitForTrailers: length === 'chunked',
      });
    } catch (thrown) {
      if (this.usable) this.#options.onBroken(thrown);
      return undefined;
    }
  }

  #ping(): void {
    if (this.#pingedAt !== undefined || this.#session.destroyed) return;
    this.#pingedAt = this.#options.now();
    this.#session.ping(
      this.#boundary.guard((error: Error | null) => {
        if (error !== null) return;
        this.#pingedAt = undefined;
        this.heard();
      }),
    );
  }

  discard(): void {
    // Shared: others may use it; `sweep` ends it when nobody does.
  }

  /** Called about once a second. */
  sweep(now: number): void {
    // A session that is over waits for its peer to close, for as long as that pleases.
    if (this.#session.destroyed) this.#socket.destroy();
    else if (this.#pingedAt !== undefined && now - this.#pingedAt > http2Upstream.pingTimeoutMs) {
      this.failure = silent();
      this.#session.destroy();
    } else if (this.#streams === 0) {
      if (now - this.#heardAt > http2Upstream.idleMs) this.#session.destroy();
    } else if (now - this.#heardAt > http2Upstream.quietMs) this.#ping();
  }

  /** No new exchanges; those that run may finish. */
  close(): void {
    if (this.#streams === 0) this.#session.destroy();
    else this.#session.close();
  }
}

function refusal(request: UpstreamRequest): UpstreamError {
  const message =
    request.upgrade === undefined
      ? 'the request cannot be sent over HTTP/2'
      : 'the upstream speaks HTTP/2 only, over which the gateway carries no WebSocket';
  return new UpstreamError('UPSTREAM_PROTOCOL', message);
}
