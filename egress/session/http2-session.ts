/**
 * One agent connection speaking HTTP/2, on node:http2: each stream is an exchange judged alone (S18). Apart from HTTP/1.1
 * only in how heads and bodies travel.
 */
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Field } from '../http1/index.ts';
import type { RequestLine } from '../pipeline/identify.ts';
import type { Snapshot } from '../snapshot.ts';
import { fromRawHeaders, toHttp2Headers } from '../upstream/http2-connection.ts';
import type { Downstream, DownstreamAnswer, ExchangeFactory, RequestReader, Session } from './downstream.ts';

const maxStreams = 100;
const idleMs = 120_000;

function pseudo(raw: readonly string[], name: string): string {
  const index = raw.findIndex((text, at) => at % 2 === 0 && text === name);
  return index < 0 ? '' : (raw[index + 1] ?? '');
}

class Http2Downstream implements Downstream {
  readonly http2 = true;
  readonly #stream: ServerHttp2Stream;
  #trailers: readonly Field[] = [];
  reader: RequestReader | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      if (this.reader?.data(chunk) === false) stream.pause();
    });
    stream.on('end', () => this.reader?.end());
    stream.on('drain', () => this.reader?.drained());
    stream.on('error', () => this.#gone());
    stream.on('aborted', () => this.#gone());
    stream.on('close', () => this.#gone());
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(toHttp2Headers(this.#trailers));
    });
  }

  #gone(): void {
    const { reader } = this;
    this.reader = undefined;
    reader?.aborted();
  }

  goOn(): void {
    if (!this.#stream.destroyed) this.#stream.additionalHeaders({ ':status': 100 });
  }

  respond(answer: DownstreamAnswer): void {
    if (this.#stream.destroyed || this.#stream.headersSent) return;
    const length = answer.bodyLength;
    this.#stream.respond(
      {
        ...toHttp2Headers(answer.fields),
        ':status': answer.status,
        ...(length === undefined || length === 0 ? {} : { 'content-length': length }),
      },
      { waitForTrailers: true },
    );
  }

  write(bytes: Buffer): boolean {
    return this.#stream.destroyed || this.#stream.write(bytes);
  }

  end(trailers: readonly Field[]): void {
    this.reader = undefined;
    this.#trailers = trailers;
    this.#stream.end();
  }

  resume(): void {
    this.#stream.resume();
  }

  upgrade(): undefined {
    // WebSocket over HTTP/2 (RFC 8441) is not offered, so no client asks.
    return undefined;
  }

  abort(): void {
    this.reader = undefined;
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

export class Http2Session implements Session {
  readonly #session: ServerHttp2Session;
  readonly #open: ExchangeFactory;
  readonly #streams = new Set<Http2Downstream>();
  readonly #now: () => number;
  #since: number;

  constructor(socket: TLSSocket, options: { open: ExchangeFactory; now: () => number }) {
    this.#open = options.open;
    this.#now = options.now;
    this.#since = options.now();
    this.#session = performServerHandshake(socket as Duplex, {
      settings: { maxConcurrentStreams: maxStreams, enableConnectProtocol: false },
      // Floods of bad frames end the session (S29); node's own defaults bound resets and settings.
      maxSessionInvalidFrames: 100,
    });
    this.#session.on('error', () => this.#session.destroy());
    this.#session.on('stream', (stream, _headers, _flags, ...more: unknown[]) => {
      this.#begin(stream, Array.isArray(more[0]) ? (more[0] as string[]) : []);
    });
  }

  #begin(stream: ServerHttp2Stream, raw: readonly string[]): void {
    const downstream = new Http2Downstream(stream);
    this.#streams.add(downstream);
    this.#since = this.#now();
    stream.on('close', () => {
      this.#since = this.#now();
      this.#streams.delete(downstream);
    });
    const fields = fromRawHeaders(raw);
    const line: RequestLine = {
      method: pseudo(raw, ':method'),
      target: pseudo(raw, ':path'),
      authority: pseudo(raw, ':authority'),
      fields,
    };
    const announced = fields.find(({ name }) => name === 'content-length')?.value;
    const length = stream.endAfterHeaders ? 0 : announced === undefined ? 'chunked' : Number(announced);
    downstream.reader = this.#open(downstream, line, length);
    downstream.reader.start();
    // No body means no data listener fires 'end' before a read.
    if (stream.endAfterHeaders) stream.resume();
  }

  tick(now: number): void {
    for (const stream of this.#streams) stream.reader?.tick(now);
    if (this.#streams.size === 0 && now - this.#since > idleMs) this.#session.close();
  }

  revalidate(snapshot: Snapshot): void {
    for (const stream of this.#streams) stream.reader?.revalidate(snapshot);
  }

  drain(): void {
    this.#session.close();
  }
}
