/**
 * The two sides of one upstream exchange, the same for HTTP/1.1 and HTTP/2: what is sent goes into an UpstreamStream, what
 * comes back arrives at an UpstreamReader. Back-pressure: `false` means stop until told to go on.
 *
 * Who may call what: the exchange calls `open` once; then on the stream `write` any number of times, `end` once and after the
 * last `write`, `resume` at any time, `abort` once at any time and nothing after it. The connection calls on the reader
 * `head`, then `body` any number of times, then `finished`; or `upgraded` instead of all three; or `failed` once at any time
 * and nothing after it. `drained` at any time before that. Nothing is called on the reader inside `open`, `write`, `end` or
 * `abort`. No method of a connection or a stream throws; what a reader throws ends its exchange alone.
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
  /** 200 to 599, or 101 with `upgraded`: interim answers never come here. */
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
  /** The answer is whole: its length, last chunk or END_STREAM was seen. */
  finished(trailers: readonly Field[]): void;
  /** After 101: bytes both ways from here. `rest` was received already. */
  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void;
  /** Nothing more will come; of the answer, if any, the end is missing. */
  failed(error: UpstreamError): void;
  /**
   * `upstream`: the stream takes bytes again, so the agent may send more of its request. It says nothing about the answer's way:
   * who resumes reading the upstream here lets the answer pile up.
   */
  drained(side: 'upstream'): void;
}

export interface UpstreamStream {
  readonly remoteAddress: string;
  write(bytes: Buffer): boolean;
  /** The request is whole. Trailers go only behind a body whose length was not announced. */
  end(trailers: readonly Field[]): void;
  /** Deliver the answer's body again. */
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
