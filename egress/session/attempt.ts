/**
 * The way of one exchange to its upstream: a connection from the pool, the stream on it, and the one repetition a safe
 * method may have (RFC 9110 9.2.2). Apart from the exchange so that connections are its business alone.
 */
import type { UpstreamRequest } from '../pipeline/adapt.ts';
import type { UpstreamTarget } from '../pipeline/route.ts';
import type {
  BodyLength,
  UpstreamConnection,
  UpstreamReader,
  UpstreamStream,
} from '../upstream/exchange-port.ts';
import type { UpstreamPool } from '../upstream/pool.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';

export interface Outgoing {
  readonly target: UpstreamTarget;
  readonly request: UpstreamRequest;
  readonly length: BodyLength;
}

export interface AttemptOwner extends UpstreamReader {
  /** The request's head is out; now its body. */
  opened(stream: UpstreamStream): void;
}

const replayable = new Set(['GET', 'HEAD', 'OPTIONS']);

export class Attempt {
  readonly #pool: UpstreamPool;
  readonly #agent: { readonly agentId: string; readonly http2: boolean };
  readonly #owner: AttemptOwner;
  #outgoing: Outgoing | undefined;
  #stream: UpstreamStream | undefined;
  #reused = false;
  #opened = false;
  #retried = false;
  #closed = false;

  constructor(pool: UpstreamPool, agent: { agentId: string; http2: boolean }, owner: AttemptOwner) {
    this.#pool = pool;
    this.#agent = agent;
    this.#owner = owner;
  }

  get stream(): UpstreamStream | undefined {
    return this.#stream;
  }

  start(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    this.#send(outgoing);
  }

  #send(outgoing: Outgoing): void {
    const { agentId, http2 } = this.#agent;
    const target = { agentId, http2, target: outgoing.target };
    const ready = this.#retried ? undefined : this.#pool.take(target);
    if (ready !== undefined) {
      this.#open(ready, outgoing);
      return;
    }
    this.#pool.dial(target).then(
      (connection) => this.#open(connection, outgoing),
      (thrown: unknown) =>
        this.#owner.failed(
          thrown instanceof UpstreamError ? thrown : new UpstreamError('UPSTREAM_UNREACHABLE', 'dial failed'),
        ),
    );
  }

  #open(connection: UpstreamConnection, outgoing: Outgoing): void {
    if (this.#closed) {
      connection.discard();
      return;
    }
    this.#reused = connection.reused;
    this.#opened = true;
    const stream = connection.open(outgoing.request, outgoing.length, this.#owner);
    this.#stream = stream;
    this.#owner.opened(stream);
  }

  /** The stream is gone or has become something else. */
  lose(): void {
    this.#stream = undefined;
  }

  /** After a failure without any answer: sends once more where the upstream had just closed an idle connection. */
  retry(error: UpstreamError): boolean {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.#retried || outgoing.length !== 0) return false;
    const mayRepeat = this.#opened && error.unprocessed;
    const wasClosed = this.#reused && error.code === 'UPSTREAM_CLOSED';
    if (!mayRepeat && !(wasClosed && replayable.has(outgoing.request.method))) return false;
    this.#retried = true;
    this.#send(outgoing);
    return true;
  }

  abort(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.abort();
  }

  /** Nothing is to be sent any more: a connection that is still being dialled is given back. */
  close(): void {
    this.#closed = true;
  }
}
