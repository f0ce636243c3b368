/**
 * One stream of an agent's HTTP/2 session: a request and its answer. Apart from the session, which only counts its streams. A body
 * is whole only where END_STREAM was seen, and an answer is ended only by whoever has all of it.
 */
import { constants, type ServerHttp2Stream } from 'node:http2';
import { Boundary } from '../boundary.ts';
import { listMembers, type Field } from '../http1/index.ts';
import type { RequestLine } from '../pipeline/identify.ts';
import type { BodyLength } from '../upstream/exchange-port.ts';
import { fieldsOf, fromRawHeaders, toHttp2Headers } from '../upstream/http2-fields.ts';
import { watchEnd } from '../upstream/stream-end.ts';
import type {
  AbortReason,
  Downstream,
  DownstreamAnswer,
  ExchangeFactory,
  RequestReader,
} from './downstream.ts';

/** How long an answer that is complete may take to leave, for an agent that takes no bytes or never ends its request. */
const lingerMs = 60_000;

export function pseudoHeader(raw: readonly string[], name: string): string {
  const index = raw.findIndex((text, at) => at % 2 === 0 && text === name);
  return index < 0 ? '' : (raw[index + 1] ?? '');
}

function lineOf(raw: readonly string[]): RequestLine {
  return {
    method: pseudoHeader(raw, ':method'),
    target: pseudoHeader(raw, ':path'),
    authority: pseudoHeader(raw, ':authority'),
    fields: fromRawHeaders(raw),
  };
}

export class Http2Downstream implements Downstream {
  readonly http2 = true;
  readonly #stream: ServerHttp2Stream;
  readonly #boundary: Boundary;
  readonly #isWhole: () => boolean;
  #trailers: readonly Field[] = [];
  /** The agent's, behind its request. */
  #requestTrailers: readonly Field[] = [];
  #expectsContinue = false;
  #bodiless = false;
  #doneAt: number | undefined;
  #reader: RequestReader | undefined;

  constructor(stream: ServerHttp2Stream, onBroken: (error: unknown) => void) {
    this.#stream = stream;
    this.#boundary = new Boundary(() => this.#broke(), onBroken);
    this.#isWhole = watchEnd(stream, stream.endAfterHeaders).isWhole;
    const on = <A extends unknown[]>(event: string, handler: (...args: A) => void): unknown =>
      this.#boundary.on(stream, event, handler);
    on('data', (chunk: Buffer) => {
      if (this.#reader?.data(chunk) === false) stream.pause();
    });
    on('trailers', (_headers: unknown, _flags: number, ...more: unknown[]) => {
      this.#requestTrailers = fieldsOf(more);
    });
    on('end', () => {
      if (this.#isWhole()) this.#reader?.end(this.#requestTrailers);
      else this.cut('AGENT_GONE');
    });
    on('drain', () => this.#reader?.drained('agent'));
    for (const event of ['error', 'aborted', 'close']) on(event, () => this.cut('AGENT_GONE'));
    on('wantTrailers', () => {
      if (stream.destroyed) return;
      stream.sendTrailers(toHttp2Headers(this.#trailers));
      this.#stopRequest();
    });
  }

  /** Begins with the request of this head. Called once. */
  begin(raw: readonly string[], open: ExchangeFactory): void {
    this.#boundary.run(() => {
      const line = lineOf(raw);
      this.#expectsContinue = listMembers(line.fields, 'expect').includes('100-continue');
      const reader = open(this, line, this.#lengthOf(line.fields));
      this.#reader = reader;
      reader.start();
    }, undefined);
    // Without a body no listener for data makes it end.
    if (this.#stream.endAfterHeaders) this.#stream.resume();
  }

  #lengthOf(fields: readonly Field[]): BodyLength {
    if (this.#stream.endAfterHeaders) return 0;
    const announced = fields.find(({ name }) => name === 'content-length')?.value;
    return announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : 'chunked';
  }

  tick(now: number): void {
    const reader = this.#reader;
    if (reader !== undefined) this.#boundary.run(() => reader.tick(now), undefined);
    else if (this.#doneAt === undefined) this.#doneAt = now;
    else if (now - this.#doneAt > lingerMs) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  get reader(): RequestReader | undefined {
    return this.#reader;
  }

  cut(why: AbortReason): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.aborted(why);
  }

  goOn(): void {
    if (!this.#expectsContinue || this.#stream.destroyed || this.#stream.headersSent) return;
    this.#expectsContinue = false;
    this.#stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE });
  }

  respond(answer: DownstreamAnswer): void {
    if (this.#stream.destroyed || this.#stream.headersSent) return;
    const length = answer.bodyLength;
    const ended = length === 0;
    this.#bodiless = ended;
    this.#stream.respond(
      toHttp2Headers(answer.fields, {
        ':status': answer.status,
        ...(length === undefined || ended ? {} : { 'content-length': length }),
      }),
      // An answer without a body is one frame, or gRPC does not find its status in it.
      ended ? { endStream: true } : { waitForTrailers: true },
    );
  }

  write(bytes: Buffer): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return true;
    return stream.write(bytes);
  }

  end(trailers: readonly Field[]): void {
    this.#reader = undefined;
    this.#trailers = trailers;
    this.#stream.end();
    if (this.#bodiless) this.#stopRequest();
  }

  /** The rest of a request that is answered already is not waited for (RFC 9113 8.1), once the answer's last frame is out. */
  #stopRequest(): void {
    if (this.#isWhole()) return;
    setImmediate(
      this.#boundary.guard(() => {
        if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
      }),
    );
  }

  resume(): void {
    this.#stream.resume();
  }

  upgrade(): undefined {
    // WebSocket over HTTP/2 (RFC 8441) is not offered, so no client asks.
    return undefined;
  }

  abort(): void {
    this.#reader = undefined;
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  #broke(): void {
    const reader = this.#reader;
    this.abort();
    reader?.aborted('GATEWAY_FAULT');
  }
}
