/**
 * Opens one connection to an upstream: the name resolved by the gateway, every address judged, TLS verified. Apart from the
 * pool, which only decides whether a connection is needed. Nothing of a request is sent here, so every failure is `unprocessed`.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Boundary } from '../boundary.ts';
import { errorMessage, FairCache, type DenyReason } from '../../contract/index.ts';
import { judgeAnswers, judgeOwnAnswers, type UpstreamTarget } from '../../decision/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { Resolver, type Lookup } from './resolver.ts';
import { UpstreamError } from './upstream-error.ts';

const connectTimeoutMs = 10_000;
const maxAttempts = 2;
const maxSessions = 1000;
/** Whose look-ups and sessions those of the gateway itself are. */
const ownId = '';

export interface Dialled {
  readonly socket: Socket;
  /** The TCP connection below TLS; the same as `socket` without. */
  readonly carrier: Socket;
  /** What TLS agreed on; undefined: nothing. */
  readonly alpn: string | undefined;
}

interface Way {
  readonly address: string;
  readonly agentId: string;
  readonly alpn: readonly string[];
}

export class Dialler {
  readonly #snapshot: Snapshot;
  readonly #resolver: Resolver;
  readonly #onBroken: (error: unknown) => void;
  readonly #sessions = new FairCache<Buffer>({ max: maxSessions });

  constructor(snapshot: Snapshot, lookup: Lookup, onBroken: (error: unknown) => void) {
    this.#snapshot = snapshot;
    this.#onBroken = onBroken;
    this.#resolver = new Resolver(lookup, snapshot.config.upstream.lookupFamily);
  }

  /** A connected (and verified) socket to a judged address. Rejects with UpstreamError. */
  async dial(target: UpstreamTarget, agentId: string, alpn: readonly string[]): Promise<Dialled> {
    return await this.#dialOne(await this.#addresses(target, agentId), { target, agentId, alpn });
  }

  /**
   * For the gateway itself, to where its owner told it to go: no agent's routes and denials are about it. `mayBePrivate` false:
   * only its pins may name private addresses. `owner`: whose look-ups wait for each other.
   */
  async dialOwn(target: UpstreamTarget, { mayBePrivate = true, owner = ownId } = {}): Promise<Dialled> {
    const { hostname = '', ip } = target;
    const { destinations, pins } = this.#snapshot.plans.index;
    const answers = ip === undefined ? await this.#answers(hostname, owner) : [ip];
    const verdict = judgeOwnAnswers(destinations, answers, mayBePrivate || pins.has(hostname));
    if (verdict.kind === 'refused') throw refused(ip ?? hostname, verdict.reason);
    return await this.#dialOne(verdict.addresses, { target, agentId: owner, alpn: ['http/1.1'] });
  }

  async #dialOne(
    addresses: readonly string[],
    { target, agentId, alpn }: { target: UpstreamTarget; agentId: string; alpn: readonly string[] },
  ): Promise<Dialled> {
    const { hostname = '' } = target;
    let failure = unreachable(`${hostname} has no address`);
    for (const address of addresses.slice(0, maxAttempts)) {
      try {
        return await this.#connect(target, { address, agentId, alpn });
      } catch (thrown) {
        failure = thrown instanceof UpstreamError ? thrown : toUpstreamError(thrown);
      }
    }
    throw failure;
  }

  async #addresses(target: UpstreamTarget, agentId: string): Promise<readonly string[]> {
    const { via } = target;
    // The connection itself was opened for a literal, which its plan judged.
    if (via === undefined && target.hostname === undefined) return [target.ip ?? ''];
    const { hostname, ip = '', port } = via ?? target;
    const { destinations, pins } = this.#snapshot.plans.index;
    const pinned = hostname === undefined ? undefined : pins.get(hostname);
    const answers = hostname === undefined ? [ip] : await this.#answers(hostname, agentId);
    const verdict = judgeAnswers(destinations, { agentId, port, pinned, plain: target.plain }, answers);
    if (verdict.kind === 'addresses') return verdict.addresses;
    throw refused(hostname ?? ip, verdict.reason);
  }

  async #answers(hostname: string, agentId: string): Promise<readonly string[]> {
    return this.#snapshot.plans.index.pins.get(hostname) ?? (await this.#resolve(hostname, agentId));
  }

  async #resolve(hostname: string, agentId: string): Promise<readonly string[]> {
    try {
      return await this.#resolver.resolve(hostname, agentId);
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? errorMessage(thrown);
      throw unreachable(`${hostname} does not resolve (${code})`);
    }
  }

  #connect(target: UpstreamTarget, { address, agentId, alpn }: Way): Promise<Dialled> {
    return new Promise((resolve, reject) => {
      const { port } = target.via ?? target;
      const carrier = connectTcp({ host: address, port, allowHalfOpen: true, noDelay: true });
      const boundary = new Boundary(() => failed(unreachable('dialling failed')), this.#onBroken);
      const way = { address, agentId, alpn };
      const socket = target.tls ? this.#secure(carrier, target, way, boundary) : carrier;
      const failed = (error: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        carrier.destroy();
        reject(toUpstreamError(error));
      };
      const timer = setTimeout(
        boundary.guard(() =>
          failed(new UpstreamError('UPSTREAM_TIMEOUT', tooSlow, { status: 504, ...atHost })),
        ),
        connectTimeoutMs,
      );
      const forget = boundary.on(socket, 'error', failed);
      boundary.on(socket, target.tls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        // Whoever takes it adds what follows from an error; until then it must not be without a listener.
        socket.on('error', () => socket.destroy());
        forget();
        resolve({ socket, carrier, alpn: alpnOf(socket) });
      });
    });
  }

  #secure(
    carrier: Socket,
    target: UpstreamTarget,
    { address, agentId, alpn }: Way,
    boundary: Boundary,
  ): TLSSocket {
    // Wherever it is dialled: the server proves to be who the agent asked for.
    const name = target.hostname ?? target.ip ?? address;
    const key = `${name}:${target.port}:${renderVia(target)}:${alpn.join()}`;
    const session = this.#sessions.get(key);
    const socket = connectTls({
      socket: carrier,
      host: address,
      // SNI carries names only (RFC 6066 3).
      ...(isIP(name) === 0 ? { servername: name } : {}),
      secureContext: this.#snapshot.upstreamTls,
      ALPNProtocols: [...alpn],
      rejectUnauthorized: true,
      ...(session === undefined ? {} : { session }),
    });
    boundary.on(socket, 'session', (ticket: Buffer) => this.#sessions.set(agentId, key, ticket));
    carrier.on('error', (error) => socket.destroy(error));
    return socket;
  }
}

/** Where a target is dialled, if somewhere else: a part of what its connections are kept by. */
export function renderVia({ via }: UpstreamTarget): string {
  return via === undefined ? '' : `${via.hostname ?? via.ip ?? ''}:${via.port}`;
}

/** What stands between any caller and the host, not what a caller wanted. */
const atHost = { unprocessed: true, atHost: true } as const;
const tooSlow = 'connecting to the upstream took too long';

function refused(hostname: string, denyReason: DenyReason): UpstreamError {
  const message = `${hostname} resolves to an address that may not be reached`;
  return new UpstreamError('ADDRESS_DENIED', message, { status: 403, denyReason, unprocessed: true });
}

function unreachable(message: string, isAtHost = false): UpstreamError {
  return new UpstreamError('UPSTREAM_UNREACHABLE', message, { unprocessed: true, atHost: isAtHost });
}

function alpnOf(socket: Socket): string | undefined {
  const protocol = 'alpnProtocol' in socket ? (socket as TLSSocket).alpnProtocol : null;
  return typeof protocol === 'string' ? protocol : undefined;
}

const tlsCodes =
  /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO|INVALID_CA)/;

/** Others tell of this machine, or of nobody knows what. */
const hostCodes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'EPIPE'],
]);

function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.endsWith('NO_APPLICATION_PROTOCOL')) {
    return new UpstreamError(noCommonProtocol, 'the upstream speaks none of the protocols it was offered', {
      unprocessed: true,
    });
  }
  if (tlsCodes.test(code)) {
    return new UpstreamError('UPSTREAM_TLS', `the upstream's certificate was refused (${code})`, {
      denyReason: 'upstream_tls',
      ...atHost,
    });
  }
  const message = `the upstream cannot be reached (${code || 'connection failed'})`;
  return unreachable(message, hostCodes.has(code));
}

/** Code of the failure after which other protocols may be offered. */
export const noCommonProtocol = 'UPSTREAM_PROTOCOL';
