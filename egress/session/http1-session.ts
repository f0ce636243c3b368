/**
 * One agent connection speaking HTTP/1.1: requests one after the other, each judged alone (S35). It owns the socket and the
 * decoder; what a request means is the exchange's business. It never starts a request before the last answer is out.
 */
import type { Duplex } from 'node:stream';
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
import type { Downstream, DownstreamAnswer, ExchangeFactory, RequestReader, Session } from './downstream.ts';

export const http1Timeout = {
  /** From the first byte of a head to its end (S30). */
  headMs: 10_000,
  idleMs: 120_000,
  /** How long a refused client may still send before the connection is cut. */
  lingerMs: 2_000,
} as const;
// Pipelined requests wait in memory up to this much, then the socket is paused.
const maxAhead = 64 * 1024;

export class Http1Session implements Downstream, Session {
  readonly http2 = false;
  readonly #socket: Duplex;
  readonly #writer: Http1Writer;
  readonly #open: ExchangeFactory;
  readonly #onMalformed: (message: string) => void;
  readonly #now: () => number;
  readonly #decoder = createRequestDecoder();
  #exchange: RequestReader | undefined;
  #requestDone = true;
  #keepAlive = true;
  #minor: 0 | 1 = 1;
  #method = '';
  #held = false;
  #lingering = false;
  #since: number;
  #expectsContinue = false;

  constructor(
    socket: Duplex,
    options: { open: ExchangeFactory; onMalformed: (message: string) => void; now: () => number },
  ) {
    this.#socket = socket;
    this.#writer = new Http1Writer(socket);
    this.#open = options.open;
    this.#onMalformed = options.onMalformed;
    this.#now = options.now;
    this.#since = options.now();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#gone());
    socket.on('error', () => this.#gone());
    socket.on('drain', () => this.#exchange?.drained());
  }

  tick(now: number): void {
    if (this.#lingering && now - this.#since > http1Timeout.lingerMs) this.#socket.destroy();
    else if (this.#exchange !== undefined) this.#exchange.tick(now);
    else if (now - this.#since > (this.#decoder.pending > 0 ? http1Timeout.headMs : http1Timeout.idleMs)) {
      this.#socket.destroy();
    }
  }

  revalidate(snapshot: Snapshot): void {
    this.#exchange?.revalidate(snapshot);
  }

  drain(): void {
    this.#keepAlive = false;
    if (this.#exchange === undefined) this.#end();
  }

  /** What was answered goes out first. */
  #end(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  #receive(chunk: Buffer): void {
    if (this.#lingering) return;
    if (this.#exchange === undefined && this.#decoder.pending === 0) this.#since = this.#now();
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
      this.#exchange?.end();
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
    this.#expectsContinue = expect.length > 0 && framing.kind !== 'none';
    const length = framing.kind === 'chunked' ? 'chunked' : framing.kind === 'length' ? framing.length : 0;
    const exchange = this.#open(
      this,
      { method: head.method, target: head.target, fields: head.fields },
      length,
    );
    this.#exchange = exchange;
    if (framing.kind !== 'none') {
      exchange.start();
      return;
    }
    this.#decoder.next();
    this.#requestDone = true;
    exchange.start();
    exchange.end();
  }

  goOn(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#writer.start('HTTP/1.1 100 Continue\r\n\r\n', { kind: 'none' });
  }

  respond(answer: DownstreamAnswer): void {
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
    return this.#writer.write(bytes);
  }

  end(trailers: readonly Field[]): void {
    this.#writer.end(trailers);
    this.#exchange = undefined;
    this.#since = this.#now();
    if (!this.#keepAlive || !this.#requestDone) {
      this.#linger();
      return;
    }
    // Not in this call stack: the exchange is still finishing.
    if (this.#decoder.pending > 0) queueMicrotask(() => this.#pump());
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
    this.#pump();
  }

  upgrade(fields: readonly Field[]): { socket: Duplex; rest: Buffer } {
    this.#exchange = undefined;
    for (const event of ['data', 'end', 'drain', 'close'] as const) this.#socket.removeAllListeners(event);
    this.#socket.pause();
    const all = [...fields, createField('Connection', 'Upgrade'), createField('Upgrade', 'websocket')];
    const framing: Framing = { kind: 'none' };
    this.#writer.start(
      renderResponseHead({ code: 101, reason: 'Switching Protocols' }, all, framing),
      framing,
    );
    this.#writer.flush();
    return { socket: this.#socket, rest: this.#decoder.takeRest() };
  }

  abort(): void {
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  /** The bytes are no acceptable request: say so once and close. */
  #refuse(error: CodecError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#onMalformed(error.message);
    if (exchange !== undefined) {
      // In the middle of a request already on its way: no answer can be trusted to be read as its.
      exchange.aborted();
      this.#socket.destroy();
      return;
    }
    const body = Buffer.from(JSON.stringify({ error: { code: 'BAD_REQUEST', message: error.message } }));
    this.#keepAlive = false;
    this.#requestDone = true;
    this.respond({
      status: error.status,
      reason: 'Bad Request',
      fields: [
        createField('Content-Type', 'application/json'),
        createField('x-clrk-error-code', 'BAD_REQUEST'),
      ],
      bodyLength: body.length,
    });
    this.#writer.write(body);
    this.#since = this.#now();
    this.#linger();
  }

  #ended(): void {
    // Half-closed by the agent: an answer under way is still delivered, nothing new is read.
    this.#keepAlive = false;
    if (this.#exchange === undefined) this.#end();
    else if (!this.#requestDone) this.#gone();
  }

  #gone(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.aborted();
    this.#socket.destroy();
  }
}
