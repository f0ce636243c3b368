/**
 * One agent connection speaking HTTP/2, on node:http2: each stream is an exchange judged alone (S18). Apart from HTTP/1.1
 * only in how heads and bodies travel. Streams count toward the agent's share like connections do.
 */
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { Boundary } from '../boundary.ts';
import type { Snapshot } from '../snapshot.ts';
import type { AbortReason, ExchangeFactory, Session } from './downstream.ts';
import { createField } from '../http1/index.ts';
import { toHttp2Headers } from '../upstream/http2-fields.ts';
import { renderRefusal } from './refusal-body.ts';
import { Http2Downstream, pseudoHeader } from './http2-downstream.ts';
import { Http2HeadClock } from './http2-head-clock.ts';

/** As a connection is told. */
export const maxStreamsOfConnection = 100;

export const http2Agent = {
  maxStreams: maxStreamsOfConnection,
  /** Without a stream: then it is asked to go, and after the grace it is closed. */
  idleMs: 120_000,
  graceMs: 5_000,
  /** PINGs between two ticks, a second, without a stream. */
  maxIdlePings: 100,
  /** The same with streams: gRPC measures with one a round trip while data flows. */
  maxBusyPings: 10_000,
} as const;

export interface Http2SessionOptions {
  readonly open: ExchangeFactory;
  readonly now: () => number;
  /** Counts what a handler threw. */
  readonly onBroken: (error: unknown) => void;
  /** Called when the agent's bytes are no HTTP/2, once. */
  readonly onMalformed: (message: string) => void;
  /** Takes a place for one more stream; false: the agent has its share already. */
  readonly takeStream: () => boolean;
  readonly giveStream: () => void;
}

interface StreamRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}
const atLimit: StreamRefusal = {
  status: constants.HTTP_STATUS_TOO_MANY_REQUESTS,
  code: 'AGENT_LIMIT',
  message: 'this agent has as many connections and streams open as the gateway allows one agent',
};
const badTarget: StreamRefusal = {
  status: constants.HTTP_STATUS_BAD_REQUEST,
  code: 'BAD_REQUEST',
  message: 'the request target must be visible ASCII',
};

/** As in HTTP/1.1: what else is in a path is read by servers in different ways. */
function isPlainTarget(raw: readonly string[]): boolean {
  return /^[\x21-\x7e]*$/.test(pseudoHeader(raw, ':path'));
}

/** Said in HTTP, because clients send again at once what was refused by a frame. */
function refuse(stream: ServerHttp2Stream, { status, code, message }: StreamRefusal): void {
  stream.on('error', () => undefined);
  const { fields, body } = renderRefusal(code, message);
  const limited = status === constants.HTTP_STATUS_TOO_MANY_REQUESTS;
  const all = limited ? [...fields, createField('Retry-After', '1')] : fields;
  stream.respond(toHttp2Headers(all, { ':status': status }));
  stream.end(body);
}

export class Http2Session implements Session {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #options: Http2SessionOptions;
  readonly #boundary: Boundary;
  readonly #streams = new Set<Http2Downstream>();
  readonly #heads: Http2HeadClock;
  #since: number;
  #pings = 0;

  constructor(socket: Socket, options: Http2SessionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#since = options.now();
    // An agent that has said its last word can acknowledge nothing of an answer.
    socket.allowHalfOpen = false;
    this.#session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: http2Agent.maxStreams, enableConnectProtocol: false },
      // Floods of bad frames end the session (S29); node's own defaults bound resets and settings.
      maxSessionInvalidFrames: 100,
    });
    this.#boundary = new Boundary(() => this.#session.destroy(), options.onBroken);
    const on = <A extends unknown[]>(event: string, handler: (...args: A) => void): unknown =>
      this.#boundary.on(this.#session, event, handler);
    this.#heads = new Http2HeadClock((answered) => {
      this.#session.ping(this.#boundary.guard((error) => (error === null ? answered() : undefined)));
    });
    on('error', (error: Error) => this.#failed(error));
    on('ping', () => this.#pinged());
    on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: unknown, ...more: unknown[]) => {
      this.#begin(stream, Array.isArray(more[0]) ? (more[0] as string[]) : []);
    });
  }

  #failed(error: Error): void {
    this.#session.destroy();
    // A reset connection is nobody's mistake.
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('ERR_HTTP2')) this.#options.onMalformed(code);
  }

  #pinged(): void {
    this.#pings += 1;
    const allowed = this.#streams.size > 0 ? http2Agent.maxBusyPings : http2Agent.maxIdlePings;
    if (this.#pings <= allowed) return;
    this.#dismiss('more PINGs than any use has');
  }

  /** What the agent sends is no use of HTTP/2. */
  #dismiss(detail: string): void {
    this.#options.onMalformed(detail);
    this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.#session.destroy();
  }

  #begin(stream: ServerHttp2Stream, raw: readonly string[]): void {
    this.#since = this.#options.now();
    this.#heads.whole(stream.id ?? 0);
    if (!isPlainTarget(raw)) {
      this.#options.onMalformed('a request target that is not visible ASCII');
      refuse(stream, badTarget);
      return;
    }
    if (!this.#options.takeStream()) {
      refuse(stream, atLimit);
      return;
    }
    const downstream = new Http2Downstream(stream, this.#options.onBroken);
    this.#streams.add(downstream);
    this.#boundary.on(stream, 'close', () => {
      this.#since = this.#options.now();
      this.#streams.delete(downstream);
      this.#options.giveStream();
    });
    downstream.begin(raw, this.#options.open);
  }

  tick(now: number): void {
    this.#pings = 0;
    for (const stream of this.#streams) stream.tick(now);
    if (this.#isHeadOverdue(now)) this.#dismiss('the head of a request did not come in time');
    if (this.#streams.size > 0) return;
    const idle = now - this.#since;
    // Not the session: one that has said goodbye waits for the agent to close.
    if (idle > http2Agent.idleMs + http2Agent.graceMs) this.#socket.destroy();
    else if (idle > http2Agent.idleMs) this.#session.close();
  }

  #isHeadOverdue(now: number): boolean {
    const session = this.#session;
    if (session.destroyed) return false;
    const begun = session.state.lastProcStreamID ?? 0;
    return this.#heads.isOverdue(now, { begun, hasSpoken: this.#socket.bytesRead > 0 });
  }

  revalidate(snapshot: Snapshot): void {
    for (const stream of this.#streams) stream.reader?.revalidate(snapshot);
  }

  cut(why: AbortReason): void {
    for (const stream of this.#streams) stream.cut(why);
  }

  drain(isOver: boolean): void {
    // Before, nothing: a session's end tells which streams were not taken, so that its agent may begin them elsewhere (RFC 9113 6.8).
    if (isOver) this.#session.close();
  }
}
