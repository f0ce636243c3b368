/**
 * One stream of an HTTP/2 upstream: node's events to an UpstreamReader's, in order and each at most once. An answer is finished
 * only where END_STREAM was seen; everything else that ends a stream is a failure that says whether the upstream can have
 * begun with the request.
 */
import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { Boundary } from '../boundary.ts';
import type { Field } from '../http1/index.ts';
import type { UpstreamReader, UpstreamStream } from './exchange-port.ts';
import { broken, finishReader } from './finish-reader.ts';
import { fieldsOf, toHttp2Headers } from './http2-fields.ts';
import { watchEnd } from './stream-end.ts';
import { UpstreamError } from './upstream-error.ts';

export interface StreamOwner {
  readonly remoteAddress: string;
  /** Called for whatever arrives. */
  heard(): void;
  /** Highest stream that a GOAWAY said may be worked on; undefined: no GOAWAY. */
  readonly lastWorked: number | undefined;
  /** Why the connection ends, when this side ended it. */
  readonly failure: UpstreamError | undefined;
}

type ResponseHeaders = IncomingHttpHeaders & { ':status'?: number | undefined };

/** RFC 9110 15: of three digits, and final. Others cannot be passed on. */
function isFinalStatus(status: number | undefined): status is number {
  return status !== undefined && Number.isInteger(status) && status >= 200 && status <= 599;
}

export class Http2Exchange implements UpstreamStream {
  readonly remoteAddress: string;
  readonly #stream: ClientHttp2Stream;
  readonly #owner: StreamOwner;
  readonly #boundary: Boundary;
  readonly #isWhole: () => boolean;
  #reader: UpstreamReader | undefined;
  #trailers: readonly Field[] = [];
  #requestTrailers: readonly Field[] = [];
  #answered = false;
  /** The head was all of the answer. */
  #ended = false;

  constructor(
    stream: ClientHttp2Stream,
    reader: UpstreamReader,
    owner: StreamOwner,
    onBroken: (error: unknown) => void,
  ) {
    this.#stream = stream;
    this.#reader = reader;
    this.#owner = owner;
    this.#boundary = new Boundary(() => this.#break(), onBroken);
    this.remoteAddress = owner.remoteAddress;
    this.#isWhole = watchEnd(stream, false).isWhole;
    const on = <A extends unknown[]>(event: string, handler: (...args: A) => void): unknown =>
      this.#boundary.on(stream, event, handler);
    on('response', (headers: ResponseHeaders, flags: number, ...more: unknown[]) => {
      this.#ended ||= (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      this.#head(headers, fieldsOf(more));
    });
    on('trailers', (_headers: unknown, _flags: number, ...more: unknown[]) => {
      this.#trailers = fieldsOf(more);
    });
    on('wantTrailers', () => {
      if (!stream.destroyed && !stream.closed) stream.sendTrailers(toHttp2Headers(this.#requestTrailers));
    });
    on('data', (chunk: Buffer) => this.#data(chunk));
    on('drain', () => this.#reader?.drained('upstream'));
    on('end', () => this.#finish());
    for (const event of ['error', 'close']) on(event, () => this.#fail());
  }

  #head(headers: ResponseHeaders, fields: readonly Field[]): void {
    this.#owner.heard();
    const status = headers[':status'];
    if (!isFinalStatus(status)) {
      this.#settle((reader) =>
        reader.failed(new UpstreamError('UPSTREAM_PROTOCOL', "the upstream's answer has no valid status")),
      );
      this.#stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    this.#answered = true;
    const length = headers['content-length'];
    const bodyLength = this.#ended ? 0 : length === undefined ? undefined : Number(length);
    this.#reader?.head({ status, reason: '', fields, bodyLength });
  }

  #data(chunk: Buffer): void {
    this.#owner.heard();
    if (this.#reader?.body(chunk) === false) this.#stream.pause();
  }

  #finish(): void {
    if (!this.#isWhole()) this.#fail();
    else this.#settle((reader) => finishReader(reader, this.#trailers));
  }

  #settle(tell: (reader: UpstreamReader) => void): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) tell(reader);
  }

  #fail(): void {
    this.#settle((reader) => reader.failed(this.#owner.failure ?? this.#failure()));
  }

  #failure(): UpstreamError {
    const code = this.#stream.rstCode ?? 0;
    const message = `the upstream ended the stream (code ${code}) before its answer was whole`;
    return new UpstreamError('UPSTREAM_CLOSED', message, { unprocessed: this.#isUnprocessed(code) });
  }

  /** RFC 9113 8.7: a refused stream, and one above the last of a GOAWAY, was not looked at. */
  #isUnprocessed(code: number): boolean {
    if (this.#answered) return false;
    const { id } = this.#stream;
    if (id === undefined || code === constants.NGHTTP2_REFUSED_STREAM) return true;
    const { lastWorked } = this.#owner;
    return lastWorked !== undefined && id > lastWorked;
  }

  write(bytes: Buffer): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return true;
    return this.#boundary.run(() => stream.write(bytes), true);
  }

  end(trailers: readonly Field[]): void {
    this.#requestTrailers = trailers;
    this.#boundary.run(() => void this.#stream.end(), undefined);
  }

  resume(): void {
    this.#stream.resume();
  }

  abort(): void {
    this.#reader = undefined;
    this.#boundary.run(() => this.#stream.close(constants.NGHTTP2_CANCEL), undefined);
    // What arrives from here on is thrown away, or the stream would never end.
    this.#stream.resume();
  }

  /** What this side could not handle. */
  #break(): void {
    this.#settle((reader) => reader.failed(broken()));
    this.abort();
  }
}
