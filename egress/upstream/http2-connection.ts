/**
 * One HTTP/2 session to an upstream, many exchanges at once, on node:http2. Only calls that came in over HTTP/2 use it, so
 * nothing is translated between versions on the way out.
 */
import {
  constants,
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { createField, type Field } from '../http1/index.ts';
import type {
  BodyLength,
  UpstreamConnection,
  UpstreamReader,
  UpstreamRequest,
  UpstreamStream,
} from './exchange-port.ts';
import { UpstreamError } from './upstream-error.ts';

/** Lists to the object node:http2 wants, repeated names as arrays. */
export function toHttp2Headers(fields: readonly Field[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (const { name, value } of fields) {
    const present = headers[name];
    if (present === undefined) headers[name] = value;
    else headers[name] = [...(Array.isArray(present) ? present : [present]), value];
  }
  return headers;
}

/** node's flat list of names and values to fields, without pseudo-headers. */
export function fromRawHeaders(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!name.startsWith(':')) fields.push(createField(name, raw[index + 1] ?? ''));
  }
  return fields;
}

class Http2Exchange implements UpstreamStream {
  readonly remoteAddress: string;
  readonly #stream: ClientHttp2Stream;
  #reader: UpstreamReader | undefined;
  #trailers: readonly Field[] = [];

  constructor(stream: ClientHttp2Stream, reader: UpstreamReader, remoteAddress: string) {
    this.#stream = stream;
    this.#reader = reader;
    this.remoteAddress = remoteAddress;
    stream.on('response', (headers, _flags, ...more: unknown[]) => {
      const raw = more[0];
      const fields = Array.isArray(raw) ? fromRawHeaders(raw as string[]) : [];
      const length = headers['content-length'];
      const bodyLength = stream.endAfterHeaders ? 0 : length === undefined ? undefined : Number(length);
      this.#reader?.head({ status: headers[':status'] ?? 502, reason: '', fields, bodyLength });
    });
    stream.on('trailers', (_headers, _flags, ...more: unknown[]) => {
      const raw = more[0];
      this.#trailers = Array.isArray(raw) ? fromRawHeaders(raw as string[]) : [];
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.#reader?.body(chunk) === false) stream.pause();
    });
    stream.on('drain', () => this.#reader?.drained());
    stream.on('end', () => this.#settle((reader) => reader.finished(this.#trailers)));
    stream.on('error', () => this.#fail());
    stream.on('close', () => this.#fail());
  }

  #settle(tell: (reader: UpstreamReader) => void): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) tell(reader);
  }

  #fail(): void {
    this.#settle((reader) => {
      reader.failed(
        new UpstreamError(
          'UPSTREAM_CLOSED',
          `the upstream ended the stream (code ${this.#stream.rstCode ?? 0})`,
        ),
      );
    });
  }

  write(bytes: Buffer): boolean {
    return this.#stream.destroyed || this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  resume(): void {
    this.#stream.resume();
  }

  abort(): void {
    this.#reader = undefined;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }
}

export class Http2Connection implements UpstreamConnection {
  readonly reused = false;
  readonly #session: ClientHttp2Session;
  readonly #remoteAddress: string;

  constructor(socket: TLSSocket, authority: string, onClose: () => void) {
    this.#remoteAddress = socket.remoteAddress ?? '';
    this.#session = connect(`https://${authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
    this.#session.on('error', () => this.#session.destroy());
    this.#session.on('goaway', onClose);
    this.#session.on('close', onClose);
  }

  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  open(request: UpstreamRequest, length: BodyLength, reader: UpstreamReader): UpstreamStream {
    const stream = this.#session.request(
      {
        ...toHttp2Headers(request.fields),
        ':method': request.method,
        ':path': request.target,
        ':scheme': 'https',
        ':authority': request.authority,
        ...(length === 'chunked' || length === 0 ? {} : { 'content-length': length }),
      },
      { endStream: length === 0 },
    );
    return new Http2Exchange(stream, reader, this.#remoteAddress);
  }

  discard(): void {
    // Shared: others may use it.
  }

  close(): void {
    this.#session.close();
  }
}
