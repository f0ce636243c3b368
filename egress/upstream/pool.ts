/**
 * Connections to upstreams, kept while idle for a short time and shared where HTTP/2 allows it. One pool a snapshot, so a
 * connection never outlives the policy and trust it was opened under, other than to finish its exchange. How a connection is
 * opened, and to where, is the dialler's business.
 */
import type { Socket } from 'node:net';
import { FairCache } from '../../contract/index.ts';
import type { UpstreamTarget } from '../../decision/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { Dialler, noCommonProtocol, renderVia, type Dialled } from './dialler.ts';
import type { UpstreamConnection } from './exchange-port.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2Connection } from './http2-connection.ts';
import { IdleConnections } from './idle-connections.ts';
import type { Lookup } from './resolver.ts';
import { UpstreamError } from './upstream-error.ts';

const maxTargets = 1000;

export interface PoolRequest {
  readonly agentId: string;
  readonly target: UpstreamTarget;
  /** Also offer HTTP/2. Without TLS: the agent speaks it unasked (h2c), so the upstream is spoken to in the same way. */
  readonly http2: boolean;
}

function keyOf({ agentId, target, http2 }: PoolRequest): string {
  // By agent: what one agent's rules opened is never lent to another.
  // What was dialled anywhere is no connection for what is dialled at private addresses alone.
  const carrier = target.tls ? 'tls' : target.plain === true ? 'near' : 'tcp';
  return `${agentId} ${target.hostname ?? target.ip ?? ''}:${target.port} ${carrier} ${http2 ? 2 : 1} ${renderVia(target)}`;
}

type Protocol = 'h1' | 'h2';

export class UpstreamPool {
  readonly #dialler: Dialler;
  readonly #now: () => number;
  readonly #onBroken: (error: unknown) => void;
  readonly #idle: IdleConnections<Http1Connection>;
  readonly #shared = new Map<string, Http2Connection[]>();
  /** What a target turned out to speak. Until that is known one call dials and the others wait for what it finds. */
  readonly #protocols = new FairCache<Protocol>({ max: maxTargets });
  readonly #flights = new Map<string, Promise<UpstreamConnection>>();
  #retired = false;

  constructor(
    snapshot: Snapshot,
    lookup: Lookup,
    now: () => number,
    onBroken: (error: unknown) => void = () => undefined,
  ) {
    this.#dialler = new Dialler(snapshot, lookup, onBroken);
    this.#now = now;
    this.#idle = new IdleConnections(now);
    this.#onBroken = onBroken;
  }

  /** A connection ready now; undefined: dial. */
  take(request: PoolRequest): UpstreamConnection | undefined {
    const key = keyOf(request);
    const shared = this.#shared.get(key)?.find((connection) => connection.usable);
    if (shared !== undefined) return shared;
    return this.#idle.take(key);
  }

  /** A connection for one exchange, new or joined. Rejects with UpstreamError. */
  async dial(request: PoolRequest): Promise<UpstreamConnection> {
    const key = keyOf(request);
    const { target, http2 } = request;
    const known = target.tls ? this.#protocols.get(key) : http2 ? 'h2' : 'h1';
    if (known === 'h1' || (known === undefined && !http2)) return this.#open(request, key);
    const flight = this.#flights.get(key);
    if (flight === undefined) return this.#lead(request, key);
    await flight;
    // It was HTTP/2: join. It was not, or its streams are all taken: the next one dials, the others wait again.
    return this.take(request) ?? this.dial(request);
  }

  async #lead(request: PoolRequest, key: string): Promise<UpstreamConnection> {
    const flight = this.#open(request, key);
    this.#flights.set(key, flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(key);
    }
  }

  async #open(request: PoolRequest, key: string): Promise<UpstreamConnection> {
    const dialled = await this.#negotiate(request, key);
    const isHttp2 = dialled.alpn === 'h2' || (request.http2 && !request.target.tls);
    this.#protocols.set(request.agentId, key, isHttp2 ? 'h2' : 'h1');
    if (isHttp2) return this.#share(request, key, dialled);
    return new Http1Connection(dialled, (idle) => this.#keep(request.agentId, key, idle), this.#onBroken);
  }

  /** An agent of HTTP/1.1 is not kept from an upstream that has HTTP/2 only. */
  async #negotiate({ agentId, target, http2 }: PoolRequest, key: string): Promise<Dialled> {
    if (!target.tls) return this.#dialler.dial(target, agentId, []);
    if (http2) return this.#dialler.dial(target, agentId, ['h2', 'http/1.1']);
    if (this.#protocols.get(key) === 'h2') return this.#dialler.dial(target, agentId, ['h2']);
    try {
      return await this.#dialler.dial(target, agentId, ['http/1.1']);
    } catch (thrown) {
      if (!(thrown instanceof UpstreamError) || thrown.code !== noCommonProtocol) throw thrown;
      return this.#dialler.dial(target, agentId, ['h2']);
    }
  }

  #share({ target }: PoolRequest, key: string, dialled: Dialled): UpstreamConnection {
    const connection: Http2Connection = new Http2Connection(dialled.socket, {
      authority: `${target.hostname ?? target.ip ?? ''}:${target.port}`,
      tls: target.tls,
      now: this.#now,
      onClose: () => this.#forget(key, connection),
      onBroken: this.#onBroken,
    });
    // Also those of a retired pool, until their streams are over: `sweep` watches over them.
    this.#shared.set(key, [...(this.#shared.get(key) ?? []), connection]);
    return connection;
  }

  #forget(key: string, connection: Http2Connection): void {
    // A connection that may still finish its streams is kept to be swept.
    const left = (this.#shared.get(key) ?? []).filter((each) => each !== connection || !each.closed);
    if (left.length === 0) this.#shared.delete(key);
    else this.#shared.set(key, left);
  }

  /** A plain TCP connection (TLS with `target.tls`) to a judged address. */
  async dialSocket(target: UpstreamTarget, agentId: string, alpn: readonly string[]): Promise<Socket> {
    return (await this.#dialler.dial(target, agentId, alpn)).socket;
  }

  #keep(agentId: string, key: string, connection: Http1Connection): void {
    if (this.#retired) connection.abort();
    else this.#idle.keep(agentId, key, connection);
  }

  /** Closes what has been idle too long or is dead; called about once a second, also when retired. */
  sweep(): void {
    const now = this.#now();
    this.#idle.sweep();
    for (const [key, connections] of this.#shared) {
      for (const connection of connections) {
        if (this.#retired) connection.close();
        connection.sweep(now);
        if (connection.closed) this.#forget(key, connection);
      }
    }
  }

  /** Nothing is left to be swept. */
  get empty(): boolean {
    return this.#idle.empty && this.#shared.size === 0;
  }

  /** No new exchanges: idle connections close now, others when done. */
  retire(): void {
    this.#retired = true;
    this.#idle.close();
    for (const connections of this.#shared.values()) {
      for (const connection of connections) connection.close();
    }
  }
}
