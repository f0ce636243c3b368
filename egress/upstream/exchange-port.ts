/**
 * The two sides of one upstream exchange, the same for HTTP/1.1 and HTTP/2: what is sent goes into an UpstreamStream, what
 * comes back arrives at an UpstreamReader. Back-pressure: `false` means stop until told to go on.
 */
import type { Duplex } from 'node:stream';
import type { Field } from '../http1/index.ts';
import type { UpstreamError } from './upstream-error.ts';

/** Body length to announce; `chunked`: not known. */
export type BodyLength = number | 'chunked';

/** A request as it goes out. */
export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  /** Value of Host and :authority. */
  readonly authority: string;
  /** End-to-end fields without Host and framing. */
  readonly fields: readonly Field[];
  readonly upgrade: 'websocket' | undefined;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
  /** undefined: not announced; 0: there is no body. */
  readonly bodyLength: number | undefined;
}

export interface UpstreamReader {
  head(answer: UpstreamAnswer): void;
  /** False: the connection is paused until `UpstreamStream.resume`. */
  body(bytes: Buffer): boolean;
  finished(trailers: readonly Field[]): void;
  /** After 101: bytes both ways from here. `rest` was received already. */
  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void;
  /** Nothing more will come. */
  failed(error: UpstreamError): void;
  /** The stream takes bytes again. */
  drained(): void;
}

export interface UpstreamStream {
  readonly remoteAddress: string;
  write(bytes: Buffer): boolean;
  end(trailers: readonly Field[]): void;
  resume(): void;
  /** Gives up; no callback follows. */
  abort(): void;
}

/** A connection that can carry an exchange now. */
export interface UpstreamConnection {
  open(request: UpstreamRequest, length: BodyLength, reader: UpstreamReader): UpstreamStream;
  /** True when the connection may have been closed by the peer while idle. */
  readonly reused: boolean;
  /** Not needed after all. */
  discard(): void;
}
