/**
 * One try of a call at one candidate: a connection, the stream on it, and what came back. Apart from the exchange so that late
 * words of a try that was given up reach nobody, and so that whether it may be repeated is told by what it saw.
 */
import type { Duplex } from 'node:stream';
import type { Boundary } from '../boundary.ts';
import type { Field } from '../http1/index.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import type {
  UpstreamAnswer,
  UpstreamConnection,
  UpstreamReader,
  UpstreamStream,
} from '../upstream/exchange-port.ts';
import type { ConnectionSource } from './exchange-context.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';

export interface AttemptOwner extends Omit<UpstreamReader, 'failed'> {
  /** The request's head is out; now its body. Called at most once. */
  opened(stream: UpstreamStream): void;
  /** Nothing more will come. `repeatable`: the upstream cannot have acted on the request, if it has not answered. */
  failed(error: UpstreamError, repeatable: boolean): void;
}

export interface AttemptOptions {
  readonly pool: ConnectionSource;
  readonly agentId: string;
  readonly http2: boolean;
  /** Not on a connection that was idle: the last one had just been closed. */
  readonly fresh: boolean;
}

/** RFC 9110 9.2.1: sending one twice does no more than sending it once. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

export class Attempt implements UpstreamReader {
  readonly #owner: AttemptOwner;
  readonly #outgoing: Outgoing;
  readonly #boundary: Boundary;
  #stream: UpstreamStream | undefined;
  #isLive = true;
  #wasReused = false;

  /** `boundary`: around the exchange whose attempt it is. */
  constructor(owner: AttemptOwner, outgoing: Outgoing, boundary: Boundary) {
    this.#owner = owner;
    this.#boundary = boundary;
    this.#outgoing = outgoing;
  }

  get stream(): UpstreamStream | undefined {
    return this.#stream;
  }

  start({ pool, agentId, http2, fresh }: AttemptOptions): void {
    const { target } = this.#outgoing;
    // Without TLS nobody tells which HTTP a Backend speaks.
    const wanted = { agentId, http2: http2 && target.plain !== true, target };
    const ready = fresh ? undefined : pool.take(wanted);
    if (ready !== undefined) {
      this.#open(ready);
      return;
    }
    const failed = (thrown: unknown): void => {
      const isKnown = thrown instanceof UpstreamError;
      // Another candidate may do better; the same one was tried at several addresses.
      this.#fail(isKnown ? thrown : new UpstreamError('UPSTREAM_UNREACHABLE', 'dial failed'), false);
    };
    this.#boundary.settle(pool.dial(wanted), (connection) => this.#open(connection), failed);
  }

  #open(connection: UpstreamConnection): void {
    if (!this.#isLive) {
      connection.discard();
      return;
    }
    this.#wasReused = connection.reused;
    const stream = connection.open(this.#outgoing.request, this.#outgoing.length, this);
    this.#stream = stream;
    this.#owner.opened(stream);
  }

  /** Gives up; nothing is told any more. Idempotent. */
  abort(): void {
    this.#isLive = false;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.abort();
  }

  head(answer: UpstreamAnswer): void {
    if (this.#isLive) this.#owner.head(answer);
  }

  body(bytes: Buffer): boolean {
    return !this.#isLive || this.#owner.body(bytes);
  }

  finished(trailers: readonly Field[]): void {
    if (this.#isLive) this.#owner.finished(trailers);
  }

  upgraded(answer: UpstreamAnswer, socket: Duplex, rest: Buffer): void {
    this.#stream = undefined;
    if (this.#isLive) this.#owner.upgraded(answer, socket, rest);
    else socket.destroy();
  }

  failed(error: UpstreamError): void {
    this.#fail(error, error.unprocessed || this.#wasJustClosed(error));
  }

  /** An idle connection that the peer had closed meanwhile. */
  #wasJustClosed({ code }: UpstreamError): boolean {
    return this.#wasReused && code === 'UPSTREAM_CLOSED' && safeMethods.has(this.#outgoing.request.method);
  }

  #fail(error: UpstreamError, repeatable: boolean): void {
    this.#stream = undefined;
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#owner.failed(error, repeatable);
  }

  drained(side: 'upstream'): void {
    if (this.#isLive) this.#owner.drained(side);
  }
}
