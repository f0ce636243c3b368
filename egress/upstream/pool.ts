/**
 * Connections to upstreams: dialled to judged addresses only, verified, kept while idle for a short time. One pool a
 * snapshot, so a connection never outlives the policy and trust it was opened under, other than to finish its exchange.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { errorMessage } from '../../contract/index.ts';
import { judgeAnswers, type UpstreamTarget } from '../../decision/index.ts';
import type { Snapshot } from '../snapshot.ts';
import type { UpstreamConnection } from './exchange-port.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2Connection } from './http2-connection.ts';
import { Resolver, type Lookup } from './resolver.ts';
import { UpstreamError } from './upstream-error.ts';

// Under the 5 s after which node servers close idle connections, the shortest among the common ones.
const maxIdleMs = 4_000;
const maxIdlePerTarget = 64;
const maxTargets = 1000;
const connectTimeoutMs = 10_000;
const maxAttempts = 2;

export interface PoolRequest {
  readonly agentId: string;
  readonly target: UpstreamTarget;
  /** Also offer HTTP/2. */
  readonly http2: boolean;
}

function keyOf({ agentId, target, http2 }: PoolRequest): string {
  // By agent: what one agent's rules opened is never lent to another.
  return `${agentId} ${target.hostname ?? target.ip ?? ''}:${target.port} ${target.tls ? 'tls' : 'tcp'} ${http2 ? 2 : 1}`;
}

export class UpstreamPool {
  readonly #snapshot: Snapshot;
  readonly #resolver: Resolver;
  readonly #now: () => number;
  readonly #idle = new Map<string, Http1Connection[]>();
  readonly #http2 = new Map<string, Http2Connection>();
  readonly #sessions = new LRUCache<string, Buffer>({ max: maxTargets });
  #retired = false;

  constructor(snapshot: Snapshot, lookup: Lookup, now: () => number) {
    this.#snapshot = snapshot;
    this.#resolver = new Resolver(lookup, snapshot.config.upstream.lookupFamily);
    this.#now = now;
  }

  /** A connection ready now; undefined: dial. */
  take(request: PoolRequest): UpstreamConnection | undefined {
    const key = keyOf(request);
    const shared = this.#http2.get(key);
    if (shared?.usable === true) return shared;
    const idle = this.#idle.get(key);
    for (let connection = idle?.pop(); connection !== undefined; connection = idle?.pop()) {
      if (connection.usable) return connection;
    }
    return undefined;
  }

  /** Rejects with UpstreamError. */
  async dial(request: PoolRequest): Promise<UpstreamConnection> {
    const socket = await this.dialSocket(
      request.target,
      request.agentId,
      request.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    );
    const key = keyOf(request);
    if ('alpnProtocol' in socket && (socket as TLSSocket).alpnProtocol === 'h2') {
      const { hostname, ip, port } = request.target;
      const connection = new Http2Connection(socket as TLSSocket, `${hostname ?? ip ?? ''}:${port}`, () => {
        if (this.#http2.get(key) === connection) this.#http2.delete(key);
      });
      if (!this.#retired && this.#http2.size < maxTargets) this.#http2.set(key, connection);
      return connection;
    }
    return new Http1Connection(socket, (idle) => this.#keep(key, idle));
  }

  /** A connected (and verified) socket to a judged address. */
  async dialSocket(target: UpstreamTarget, agentId: string, alpn: readonly string[]): Promise<Socket> {
    const addresses = await this.#addresses(target, agentId);
    let failure = new UpstreamError('UPSTREAM_UNREACHABLE', `${target.hostname ?? ''} has no address`);
    for (const address of addresses.slice(0, maxAttempts)) {
      try {
        return await this.#connect(target, address, alpn);
      } catch (thrown) {
        failure = thrown as UpstreamError;
      }
    }
    throw failure;
  }

  async #addresses(target: UpstreamTarget, agentId: string): Promise<readonly string[]> {
    // A literal was judged with the connection (route.ts).
    if (target.hostname === undefined) return [target.ip ?? ''];
    const { hostname, port } = target;
    const pinned = this.#snapshot.plans.index.pins.get(hostname);
    const answers = pinned ?? (await this.#resolve(hostname));
    const verdict = judgeAnswers(
      this.#snapshot.config.destinations,
      { agentId, hostname, port, pinned },
      answers,
    );
    if (verdict.kind === 'addresses') return verdict.addresses;
    throw new UpstreamError('ADDRESS_DENIED', `${hostname} resolves to an address that may not be reached`, {
      status: 403,
      denyReason: verdict.reason,
    });
  }

  async #resolve(hostname: string): Promise<readonly string[]> {
    try {
      return await this.#resolver.resolve(hostname);
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? errorMessage(thrown);
      throw new UpstreamError('UPSTREAM_UNREACHABLE', `${hostname} does not resolve (${code})`);
    }
  }

  #connect(target: UpstreamTarget, address: string, alpn: readonly string[]): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = target.tls
        ? this.#openTls(target, address, alpn)
        : connectTcp({ host: address, port: target.port });
      const timer = setTimeout(() => {
        socket.destroy();
        reject(
          new UpstreamError('UPSTREAM_TIMEOUT', 'connecting to the upstream took too long', { status: 504 }),
        );
      }, connectTimeoutMs);
      const failed = (error: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(toUpstreamError(error));
      };
      socket.once('error', failed);
      socket.once(target.tls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.removeListener('error', failed);
        socket.setNoDelay(true);
        resolve(socket);
      });
    });
  }

  #openTls(target: UpstreamTarget, address: string, alpn: readonly string[]): TLSSocket {
    const name = target.hostname ?? address;
    const key = `${name}:${target.port}:${alpn.join()}`;
    const session = this.#sessions.get(key);
    const socket = connectTls({
      host: address,
      port: target.port,
      // SNI carries names only (RFC 6066 3).
      ...(isIP(name) === 0 ? { servername: name } : {}),
      secureContext: this.#snapshot.upstreamTls,
      ALPNProtocols: [...alpn],
      rejectUnauthorized: true,
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (ticket) => this.#sessions.set(key, ticket));
    return socket;
  }

  #keep(key: string, connection: Http1Connection): void {
    const idle = this.#idle.get(key) ?? [];
    if (this.#retired || idle.length >= maxIdlePerTarget || this.#idle.size >= maxTargets) {
      connection.abort();
      return;
    }
    connection.idleSince = this.#now();
    idle.push(connection);
    this.#idle.set(key, idle);
  }

  /** Closes what has been idle too long; called about once a second. */
  sweep(): void {
    const oldest = this.#now() - maxIdleMs;
    for (const [key, idle] of this.#idle) {
      const kept = idle.filter((connection) => connection.usable && connection.idleSince >= oldest);
      for (const connection of idle) if (!kept.includes(connection)) connection.abort();
      if (kept.length === 0) this.#idle.delete(key);
      else this.#idle.set(key, kept);
    }
  }

  /** No new exchanges: idle connections close now, others when done. */
  retire(): void {
    this.#retired = true;
    for (const idle of this.#idle.values()) for (const connection of idle) connection.abort();
    this.#idle.clear();
    for (const connection of this.#http2.values()) connection.close();
    this.#http2.clear();
  }
}

const tlsCodes =
  /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO|INVALID_CA)/;

function toUpstreamError(error: Error): UpstreamError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (tlsCodes.test(code)) {
    return new UpstreamError('UPSTREAM_TLS', `the upstream's certificate was refused (${code})`, {
      denyReason: 'upstream_tls',
    });
  }
  return new UpstreamError(
    'UPSTREAM_UNREACHABLE',
    `the upstream cannot be reached (${code || 'connection failed'})`,
  );
}
