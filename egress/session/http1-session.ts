/**
 * One agent connection speaking HTTP/1.1: requests one after the other, each judged alone (S35). It owns the socket and the
 * decoder; what a request means is the exchange's business. It never starts a request before the last answer is out.
 */
import type { Duplex } from 'node:stream';
import { Boundary } from '../boundary.ts';
import {
  CodecError,
  createField,
  createRequestDecoder,
  listMembers,
  renderResponseHead,
  type DecoderEvent,
  type Field,
  type Framing,
  type RequestHead,
} from '../http1/index.ts';
import { Http1Writer } from '../http1-writer.ts';
import type { Snapshot } from '../snapshot.ts';
import type {
  AbortReason,
  Downstream,
  DownstreamAnswer,
  ExchangeFactory,
  RequestReader,
  Session,
} from './downstream.ts';
import { renderRefusal } from './refusal-body.ts';

const http1Timeout = {
  /** From the first byte of a head to its end (S30). */
  headMs: 10_000,
  idleMs: 120_000,
  /** How long a refused client may still send before the connection is cut. */
  lingerMs: 2_000,
  /** Between the last bytes of an answer that was cut and the reset. */
  breakMs: 30,
} as const;
// Pipelined requests wait in memory up to this much, then the socket is paused.
const maxAhead = 64 * 1024;

export interface SessionOptions {
  readonly open: ExchangeFactory;
  /** Called for a head that is no acceptable request, before it is answered. */
  readonly onMalformed: (message: string) => void;
  readonly now: () => number;
  readonly onBroken: (error: unknown) => void;
  /** Ends the connection without a clean end of TLS or TCP. */
  readonly breakOff: () => void;
  /** An agent whose side has ended may still be there for the answer: so over TCP, where programs half-close; over TLS none does. */
  readonly halfCloses: boolean;
}

export class Http1Session implements Downstream, Session {
  readonly http2 = false;
  readonly #socket: Duplex;
  readonly #writer: Http1Writer;
  readonly #options: SessionOptions;
  readonly #boundary: Boundary;
  readonly #decoder = createRequestDecoder();
  /** Takes our own listeners off the socket; its owner has others. */
  readonly #detach: Array<() => void> = [];
  #exchange: RequestReader | undefined;
  /** The exchange whose connection is no longer HTTP. */
  #upgraded: RequestReader | undefined;
  #requestDone = true;
  #keepAlive = true;
  #minor: 0 | 1 = 1;
  #method = '';
  #held = false;
  #lingering = false;
  #since: number;
  #expectsContinue = false;

  constructor(socket: Duplex, options: SessionOptions) {
    this.#socket = socket;
    this.#writer = new Http1Writer(socket);
    this.#options = options;
    this.#since = options.now();
    this.#boundary = new Boundary(() => this.#broke(), options.onBroken);
    const on = <A extends unknown[]>(event: string, handler: (...args: A) => void): void => {
      this.#detach.push(this.#boundary.on(socket, event, handler));
    };
    on('data', (chunk: Buffer) => this.#receive(chunk));
    on('end', () => this.#ended());
    for (const event of ['close', 'error']) on(event, () => this.#gone('AGENT_GONE'));
    on('drain', () => this.#exchange?.drained('agent'));
  }

  tick(now: number): void {
    if (this.#upgraded !== undefined) return;
    const quiet = now - this.#since;
    if (this.#lingering) {
      if (quiet > http1Timeout.lingerMs) this.#socket.destroy();
    } else if (this.#exchange !== undefined) this.#exchange.tick(now);
    else if (this.#decoder.pending === 0) {
      if (quiet > http1Timeout.idleMs) this.#socket.destroy();
    } else if (quiet > http1Timeout.headMs) {
      this.#refuse(new CodecError('the head of the request did not come in time', 408));
    }
  }

  revalidate(snapshot: Snapshot): void {
    (this.#exchange ?? this.#upgraded)?.revalidate(snapshot);
  }

  cut(why: AbortReason): void {
    const exchange = this.#exchange ?? this.#upgraded;
    this.#exchange = undefined;
    exchange?.aborted(why);
  }

  drain(isOver: boolean): void {
    this.#keepAlive = false;
    if (isOver && this.#exchange === undefined && this.#upgraded === undefined) this.#end();
  }

  /** What was answered goes out first. */
  #end(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  #receive(chunk: Buffer): void {
    if (this.#lingering) return;
    if (this.#exchange === undefined && this.#decoder.pending === 0) this.#since = this.#options.now();
    this.#decoder.push(chunk);
    this.#pump();
  }

  #pump(): void {
    try {
      while (!this.#held && !this.#lingering) {
        if (this.#exchange !== undefined && this.#requestDone) break;
        const event = this.#decoder.next();
        if (event === undefined) break;
        this.#handle(event);
      }
    } catch (thrown) {
      if (!(thrown instanceof CodecError)) throw thrown;
      this.#refuse(thrown);
      return;
    }
    if (this.#held || this.#decoder.pending > maxAhead) this.#socket.pause();
  }

  #handle(event: DecoderEvent<RequestHead>): void {
    if (event.type === 'head') this.#begin(event.head, event.framing);
    else if (event.type === 'data') this.#held = this.#exchange?.data(event.bytes) === false;
    else {
      this.#requestDone = true;
      this.#exchange?.end(event.trailers);
    }
  }

  #begin(head: RequestHead, framing: Framing): void {
    this.#requestDone = false;
    this.#method = head.method;
    this.#minor = head.minor;
    const connection = listMembers(head.fields, 'connection');
    this.#keepAlive &&= head.minor === 1 && !connection.includes('close');
    const expect = listMembers(head.fields, 'expect');
    if (expect.length > 0 && expect.join() !== '100-continue')
      throw new CodecError('unknown expectation', 417);
    this.#expectsContinue = expect.length > 0 && framing.kind !== 'none' && head.minor === 1;
    const length = framing.kind === 'chunked' ? 'chunked' : framing.kind === 'length' ? framing.length : 0;
    const line = { method: head.method, target: head.target, fields: head.fields };
    const exchange = this.#options.open(this, line, length);
    this.#exchange = exchange;
    if (framing.kind !== 'none') {
      exchange.start();
      return;
    }
    this.#decoder.next();
    this.#requestDone = true;
    exchange.start();
    exchange.end([]);
  }

  goOn(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#writer.start('HTTP/1.1 100 Continue\r\n\r\n', { kind: 'none' });
  }

  respond(answer: DownstreamAnswer): void {
    // It is no longer HTTP: what would be an answer ends it (S36).
    if (this.#upgraded !== undefined) {
      this.abort();
      return;
    }
    const bodiless = this.#method === 'HEAD' || answer.status === 204 || answer.status === 304;
    const framing = this.#answerFraming(answer.bodyLength, bodiless);
    // An answer before the whole request: the rest of it is not waited for.
    if (!this.#requestDone || framing.kind === 'close') this.#keepAlive = false;
    const fields = this.#keepAlive ? answer.fields : [...answer.fields, createField('Connection', 'close')];
    const status = { code: answer.status, reason: answer.reason };
    this.#writer.start(renderResponseHead(status, fields, framing), framing);
  }

  #answerFraming(length: number | undefined, bodiless: boolean): Framing {
    if (bodiless) return { kind: 'none' };
    if (length !== undefined) return { kind: 'length', length };
    return this.#minor === 1 ? { kind: 'chunked' } : { kind: 'close' };
  }

  write(bytes: Buffer): boolean {
    return this.#upgraded !== undefined || this.#writer.write(bytes);
  }

  end(trailers: readonly Field[]): void {
    if (this.#upgraded !== undefined) return;
    this.#writer.end(trailers);
    this.#exchange = undefined;
    this.#since = this.#options.now();
    if (!this.#keepAlive || !this.#requestDone) {
      this.#linger();
      return;
    }
    // Not in this call stack: the exchange is still finishing.
    if (this.#decoder.pending > 0) queueMicrotask(this.#boundary.guard(() => this.#pump()));
    this.#release();
  }

  #linger(): void {
    this.#lingering = true;
    this.#end();
    this.#socket.resume();
  }

  #release(): void {
    this.#held = false;
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  resume(): void {
    if (!this.#held) return;
    this.#release();
    this.#boundary.run(() => this.#pump(), undefined);
  }

  upgrade(fields: readonly Field[]): { socket: Duplex; rest: Buffer } {
    this.#upgraded = this.#exchange;
    this.#exchange = undefined;
    for (const detach of this.#detach) detach();
    this.#socket.pause();
    const all = [...fields, createField('Connection', 'Upgrade'), createField('Upgrade', 'websocket')];
    const framing: Framing = { kind: 'none' };
    const status = { code: 101, reason: 'Switching Protocols' };
    this.#writer.start(renderResponseHead(status, all, framing), framing);
    this.#writer.flush();
    return { socket: this.#socket, rest: this.#decoder.takeRest() };
  }

  /**
   * What has been written goes out; then the connection breaks, so that no body looks whole. Not at once: a peer that finds bytes
   * and a reset together may report an end instead (libuv does).
   */
  abort(): void {
    this.#exchange = undefined;
    this.#lingering = true;
    this.#since = this.#options.now();
    this.#writer.release();
    setTimeout(this.#boundary.guard(this.#options.breakOff), http1Timeout.breakMs).unref();
  }

  #broke(): void {
    const exchange = this.#exchange ?? this.#upgraded;
    this.abort();
    exchange?.aborted('GATEWAY_FAULT');
  }

  /** The bytes are no acceptable request: say so once and close. */
  #refuse(error: CodecError): void {
    // In the middle of a request already on its way: no answer can be trusted to be read as its.
    if (this.#exchange !== undefined) return this.#gone('BAD_REQUEST');
    this.#options.onMalformed(error.message);
    this.#keepAlive = false;
    this.#requestDone = true;
    // Whatever method it was: a body is announced and sent.
    this.#method = '';
    const { fields, body } = renderRefusal('BAD_REQUEST', error.message);
    this.respond({ status: error.status, reason: 'Bad Request', fields, bodyLength: body.length });
    this.#writer.write(body);
    this.#since = this.#options.now();
    this.#linger();
  }

  #ended(): void {
    // Half-closed by the agent: an answer under way is still delivered, nothing new is read.
    this.#keepAlive = false;
    if (this.#exchange === undefined) this.#end();
    else if (!this.#requestDone || !this.#options.halfCloses) this.#gone('AGENT_GONE');
  }

  #gone(why: AbortReason): void {
    this.cut(why);
    this.#socket.destroy();
  }
}
