/**
 * One HTTP/1.1 connection to an upstream, one exchange at a time. Apart from the pool, which only decides who gets it.
 * Whatever the upstream sends outside an exchange ends the connection (response smuggling).
 */
import type { Socket } from 'node:net';
import { Boundary } from '../boundary.ts';
import {
  CodecError,
  createResponseDecoder,
  listMembers,
  renderRequestHead,
  type Field,
  type Framing,
  type ResponseHead,
} from '../http1/index.ts';
import { Http1Writer } from '../http1-writer.ts';
import { watchCleanEnd } from '../tls/clean-end.ts';
import type { Dialled } from './dialler.ts';
import type {
  BodyLength,
  UpstreamAnswer,
  UpstreamConnection,
  UpstreamReader,
  UpstreamRequest,
  UpstreamStream,
} from './exchange-port.ts';
import { broken, finishReader } from './finish-reader.ts';
import { foldCookies } from './http2-fields.ts';
import { UpstreamError } from './upstream-error.ts';

// Interim responses (100, 103) an upstream may send before the final one.
const maxInterim = 8;

function bodyLengthOf(framing: Framing): number | undefined {
  if (framing.kind === 'none') return 0;
  return framing.kind === 'length' ? framing.length : undefined;
}

function isKeepAlive(head: ResponseHead): boolean {
  return head.minor === 1 && !listMembers(head.fields, 'connection').includes('close');
}

export class Http1Connection implements UpstreamConnection, UpstreamStream {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #carrier: Socket;
  readonly #boundary: Boundary;
  readonly #writer: Http1Writer;
  readonly #response = createResponseDecoder();
  readonly #onIdle: (connection: Http1Connection) => void;
  #reader: UpstreamReader | undefined;
  #sent = true;
  #keepAlive = true;
  #paused = false;
  #interim = 0;
  #upgrade = false;
  #failure: UpstreamError | undefined;
  /** Of a body that lasts until the end of the connection: was that end one of TLS? */
  #endedCleanly: () => boolean = () => true;
  /** Unix milliseconds since it has been idle. */
  idleSince = 0;
  reused = false;

  constructor(
    { socket, carrier }: Dialled,
    onIdle: (connection: Http1Connection) => void,
    onBroken: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#carrier = carrier;
    this.#writer = new Http1Writer(socket);
    this.#onIdle = onIdle;
    this.#boundary = new Boundary(() => this.#fail(broken()), onBroken);
    this.remoteAddress = socket.remoteAddress ?? '';
    const on = <A extends unknown[]>(event: string, handler: (...args: A) => void): unknown =>
      this.#boundary.on(socket, event, handler);
    on('data', (chunk: Buffer) => this.#receive(chunk));
    on('end', () => this.#ended());
    on('close', () => this.#closed());
    on('error', (error: Error) => {
      this.#failure ??= new UpstreamError(
        'UPSTREAM_CLOSED',
        `the upstream connection failed: ${error.message}`,
      );
    });
    on('drain', () => this.#reader?.drained('upstream'));
  }

  get usable(): boolean {
    return (
      !this.#socket.destroyed && this.#keepAlive && this.#reader === undefined && !this.#socket.readableEnded
    );
  }

  open(request: UpstreamRequest, length: BodyLength, reader: UpstreamReader): UpstreamStream {
    this.#reader = reader;
    this.#sent = false;
    this.#interim = 0;
    this.#upgrade = request.upgrade !== undefined;
    this.#response.expect(request.method);
    const framing: Framing =
      length === 'chunked'
        ? { kind: 'chunked' }
        : length === 0
          ? { kind: 'none' }
          : { kind: 'length', length };
    const fields: Field[] = [{ name: 'host', raw: 'Host', value: request.authority }];
    // TE is for this hop alone, and its trailers pass whether asked for or not.
    for (const field of foldCookies(request.fields)) if (field.name !== 'te') fields.push(field);
    if (request.upgrade !== undefined) {
      fields.push({ name: 'connection', raw: 'Connection', value: 'Upgrade' });
      fields.push({ name: 'upgrade', raw: 'Upgrade', value: request.upgrade });
    }
    this.#writer.start(renderRequestHead(request.method, request.target, fields, framing), framing);
    return this;
  }

  write(bytes: Buffer): boolean {
    return this.#boundary.run(() => this.#writer.write(bytes), true);
  }

  end(trailers: readonly Field[]): void {
    this.#boundary.run(() => this.#writer.end(trailers), undefined);
    this.#sent = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#boundary.run(() => this.#pump(), undefined);
    if (this.#paused) return;
    this.#socket.resume();
    if (this.#socket.readableEnded) this.#missEnd();
  }

  discard(): void {
    this.abort();
  }

  abort(): void {
    this.#reader = undefined;
    this.#keepAlive = false;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#reader === undefined) {
      this.abort();
      return;
    }
    this.#response.decoder.push(chunk);
    this.#pump();
  }

  #pump(): void {
    try {
      while (!this.#paused && this.#reader !== undefined) {
        const event = this.#response.decoder.next();
        if (event === undefined) return;
        if (event.type === 'data') this.#data(event.bytes);
        else if (event.type === 'end') this.#finish(event.trailers);
        else if (this.#head(event.head, event.framing)) return;
      }
    } catch (thrown) {
      if (!(thrown instanceof CodecError)) throw thrown;
      const message = `the upstream's answer is not valid HTTP: ${thrown.message}`;
      this.#fail(this.#failure ?? new UpstreamError('UPSTREAM_PROTOCOL', message));
    }
  }

  /** True when the connection is no longer HTTP. */
  #head(head: ResponseHead, framing: Framing): boolean {
    const answer = {
      status: head.status,
      reason: head.reason,
      fields: head.fields,
      bodyLength: bodyLengthOf(framing),
    };
    if (head.status === 101) return this.#switch(answer);
    if (head.status < 200) {
      this.#interim += 1;
      if (this.#interim > maxInterim) throw new CodecError('too many interim responses');
      this.#response.decoder.next();
      return false;
    }
    this.#keepAlive = isKeepAlive(head) && framing.kind !== 'close';
    if (framing.kind === 'close' && this.#carrier !== this.#socket) {
      this.#endedCleanly = watchCleanEnd(this.#socket, this.#carrier);
    }
    this.#reader?.head(answer);
    return false;
  }

  #switch(answer: UpstreamAnswer): boolean {
    const reader = this.#reader;
    if (!this.#upgrade || reader === undefined) throw new CodecError('switched protocols unasked');
    this.#reader = undefined;
    this.#keepAlive = false;
    this.#response.decoder.next();
    const rest = this.#response.decoder.takeRest();
    this.#writer.flush();
    for (const event of ['data', 'end', 'drain'] as const) this.#socket.removeAllListeners(event);
    this.#socket.pause();
    reader.upgraded(answer, this.#socket, rest);
    return true;
  }

  #data(bytes: Buffer): void {
    if (this.#reader?.body(bytes) === false) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  #finish(trailers: readonly Field[]): void {
    const reader = this.#reader;
    this.#reader = undefined;
    // An answer before the request was sent, or bytes beyond it: the connection's state is unknown.
    if (!this.#sent || this.#response.decoder.pending > 0) this.#keepAlive = false;
    if (reader !== undefined) finishReader(reader, trailers);
    if (!this.#keepAlive || this.#socket.destroyed) this.#socket.destroy();
    else {
      this.reused = true;
      this.#onIdle(this);
    }
  }

  #ended(): void {
    this.#keepAlive = false;
    this.#failure ??= new UpstreamError(
      'UPSTREAM_CLOSED',
      'the upstream closed the connection before it had answered',
    );
    // Without close_notify the body that only the end delimits was cut: its decoder is never told of an end.
    if (this.#endedCleanly()) this.#response.decoder.finish();
    if (this.#reader === undefined) this.#socket.destroy();
    else this.#pump();
    this.#missEnd();
  }

  /** Everything has been read and the answer is not whole. */
  #missEnd(): void {
    if (this.#reader !== undefined && !this.#paused) this.#fail(this.#failure ?? closed());
  }

  #closed(): void {
    this.#keepAlive = false;
    this.#fail(this.#failure ?? closed());
  }

  #fail(error: UpstreamError): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#keepAlive = false;
    this.#socket.destroy();
    reader?.failed(error);
  }
}

function closed(): UpstreamError {
  return new UpstreamError('UPSTREAM_CLOSED', 'the upstream closed the connection');
}
