/**
 * One connection from a worker, from its first byte: identity frame, destination, sniff, TLS, then a session or a relay.
 * Apart from what follows because until here nothing has been answered and everything odd is dropped (S11, S13, S15–S17).
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  agentId,
  chooseListener,
  computeAction,
  parseHostname,
  parseIdentityFrame,
  shapeOf,
  spanName,
  type DenyReason,
  type IdentityFrame,
  type ListenerAction,
} from '../../contract/index.ts';
import { siteOf, type Peer } from '../pipeline/call.ts';
import { renderOpener, type SitePlan } from '../../decision/index.ts';
import { computeConnectionRecord } from '../record/exchange-record.ts';
import type { Snapshot } from '../snapshot.ts';
import { parseClientHello } from '../tls/client-hello.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Session } from './downstream.ts';
import type { GatewayCore } from './gateway-core.ts';
import { sniff } from './sniff.ts';

/** From accept to the end of the TLS handshake. */
const setupMs = 10_000;
/** A raw relay without a byte either way. */
export const relayIdleMs = 10 * 60_000;

function createPeer(frame: IdentityFrame): Peer | undefined {
  const hostname = frame.hostname === undefined ? undefined : parseHostname(frame.hostname);
  if (frame.hostname !== undefined && hostname === undefined) return undefined;
  const agent = { kind: frame.agentKind, namespace: frame.namespace, name: frame.name };
  return {
    agent,
    agentId: agentId(agent),
    uid: frame.uid,
    revision: frame.revision,
    invocationId: frame.invocationId,
    traceparent: frame.traceparent,
    hostname,
    ip: frame.destination.ip,
    port: frame.destination.port,
  };
}

export class Connection {
  readonly #socket: Socket;
  readonly #core: GatewayCore;
  readonly #startedAt: number;
  /** Of this end, as the worker dialled it. */
  readonly #address: string;
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);
  #bytes: Buffer = Buffer.alloc(0);
  #peer: Peer | undefined;
  #session: Session | undefined;
  #relaying = false;
  #route: string | undefined;

  constructor(socket: Socket, core: GatewayCore) {
    this.#socket = socket;
    this.#core = core;
    this.#startedAt = core.now();
    this.#address = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => core.forget(this));
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  tick(now: number): void {
    if (this.#session !== undefined) this.#session.tick(now);
    else if (!this.#relaying && now - this.#startedAt > setupMs) {
      if (this.#peer === undefined) this.#drop('no identity frame in time');
      else this.#deny(this.#peer, 'protocol');
    }
  }

  /** Closes what the new policy would not have opened (S36). */
  revalidate(snapshot: Snapshot): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const plan = snapshot.plans.at(siteOf(peer, false));
    // The session first, so that a call under way is recorded with the reason.
    this.#session?.revalidate(snapshot);
    if (plan.kind === 'shut' || (this.#relaying && !this.#mayRelay(plan))) this.#socket.destroy();
  }

  #mayRelay(plan: SitePlan): boolean {
    return plan.kind === 'open' && openerOf(plan) === this.#route && plan.relayRefusal === undefined;
  }

  drain(): void {
    if (this.#session === undefined && !this.#relaying) this.#socket.destroy();
    else this.#session?.drain();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#peer === undefined) this.#readFrame();
    else this.#readStart(this.#peer);
  }

  #readFrame(): void {
    const snapshot = this.#core.snapshot;
    if (snapshot === undefined) {
      // Fail closed until a policy is loaded.
      this.#drop('no config loaded');
      return;
    }
    const result = parseIdentityFrame(this.#bytes, (pool) => snapshot.framePeers.get(pool), {
      gateway: snapshot.gateway,
      gatewayAddress: this.#address,
    });
    if (result.status === 'incomplete') return;
    const refusal =
      result.status === 'invalid' ? result.reason : this.#core.frames.refuse(result.frame, this.#core.now());
    const peer = result.status === 'ok' ? createPeer(result.frame) : undefined;
    if (refusal !== undefined || peer === undefined || result.status !== 'ok') {
      this.#drop(refusal ?? 'frame names no valid host');
      return;
    }
    this.#peer = peer;
    this.#bytes = this.#bytes.subarray(result.byteLength);
    this.#admit(peer, snapshot);
  }

  #admit(peer: Peer, snapshot: Snapshot): void {
    const plan = snapshot.plans.at(siteOf(peer, false));
    if (plan.kind === 'shut') {
      this.#deny(peer, plan.refusal.reason, plan.refusal.policy);
      return;
    }
    this.#route = openerOf(plan);
    if (!this.#core.admit(peer.agentId)) {
      this.#deny(peer, 'limit');
      return;
    }
    this.#socket.once('close', () => this.#core.release(peer.agentId));
    if (this.#bytes.length > 0) this.#readStart(peer);
  }

  #drop(reason: string): void {
    this.#core.malformed(reason);
    this.#socket.destroy();
  }

  #deny(peer: Peer, reason: DenyReason, policy?: string): void {
    const named = policy === undefined ? {} : { denyPolicy: policy };
    this.#record(spanName.dialDenied, peer, { denyReason: reason, ...named });
    this.#core.countDenied(reason);
    this.#socket.destroy();
  }

  #record(
    name: typeof spanName.dialDenied | typeof spanName.dialFailed | typeof spanName.tcp,
    peer: Peer,
    outcome: {
      denyReason?: DenyReason;
      denyPolicy?: string;
      error?: string;
      bytes?: { up: number; down: number };
    },
  ): void {
    this.#core.record(
      computeConnectionRecord({
        name,
        peer,
        startedAt: this.#startedAt,
        endedAt: this.#core.now(),
        digest: this.#core.snapshot?.digest ?? '',
        route: this.#route,
        denyReason: outcome.denyReason,
        denyPolicy: outcome.denyPolicy,
        error: outcome.error,
        bytes: outcome.bytes,
      }),
    );
  }

  #readStart(peer: Peer): void {
    const snapshot = this.#core.snapshot;
    const wire = sniff(this.#bytes);
    if (wire === 'more' || snapshot === undefined) return;
    const listener = chooseListener(snapshot.config.listeners, peer.port);
    const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), wire);
    if (wire === 'tls') this.#readHello(peer, snapshot, action);
    else if (action === 'http') this.#startHttp1(this.#release(), peer, false);
    else if (action === 'relay') this.#relayIfOpened(peer, snapshot);
    else this.#deny(peer, 'protocol');
  }

  #readHello(peer: Peer, snapshot: Snapshot, action: ListenerAction): void {
    const result = parseClientHello(this.#bytes);
    if (result.status === 'incomplete') return;
    if (result.status === 'invalid' || (action !== 'terminate' && action !== 'passthrough')) {
      this.#deny(peer, 'protocol');
      return;
    }
    const { serverName } = result.hello;
    const reason = judgeServerName(serverName, peer);
    if (reason !== undefined) this.#deny(peer, reason);
    else if (action === 'passthrough') this.#relayIfOpened(peer, snapshot);
    else this.#terminate(peer, snapshot);
  }

  /** Hands the socket on with what was read from it put back. */
  #release(): Socket {
    this.#socket.removeListener('data', this.#onData);
    this.#socket.pause();
    if (this.#bytes.length > 0) this.#socket.unshift(this.#bytes);
    this.#bytes = Buffer.alloc(0);
    return this.#socket;
  }

  #terminate(peer: Peer, snapshot: Snapshot): void {
    const name = peer.hostname ?? peer.ip;
    const tls = new TLSSocket(this.#release(), {
      isServer: true,
      secureContext: snapshot.leaves.contextFor(name, peer.hostname === undefined),
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    tls.on('error', () => {
      if (this.#session === undefined && !this.#socket.destroyed) {
        this.#record(spanName.dialFailed, peer, { error: 'AGENT_TLS' });
      }
      this.#socket.destroy();
    });
    tls.once('secure', () => {
      // tls.Server does this for its own sockets; node:http2 waits for it before it starts a session.
      Object.assign(tls, { secureConnecting: false });
      // A client without ALPN speaks HTTP/1.1; alpnProtocol is then `false`.
      if (tls.alpnProtocol === 'h2') this.#session = this.#core.openHttp2(tls, peer);
      else this.#startHttp1(tls, peer, true);
    });
  }

  #startHttp1(socket: Socket, peer: Peer, tls: boolean): void {
    this.#session = this.#core.openHttp1(socket, peer, tls);
    socket.resume();
  }

  /** Bytes nobody can read pass only where an L4 rule (or allow-all) opened the destination itself. */
  #relayIfOpened(peer: Peer, snapshot: Snapshot): void {
    const plan = snapshot.plans.at(siteOf(peer, false));
    const refusal = plan.kind === 'shut' ? plan.refusal : plan.relayRefusal;
    if (refusal !== undefined) {
      this.#deny(peer, refusal.reason, refusal.policy);
      return;
    }
    this.#relaying = true;
    const socket = this.#release();
    const { hostname, port } = peer;
    const target = { hostname, ip: hostname === undefined ? peer.ip : undefined, port, tls: false };
    this.#core.dialRaw(target, peer).then(
      async (upstream) => {
        const result = await this.#core.relay(socket, upstream);
        const { up, down, error } = result;
        this.#record(spanName.tcp, peer, { bytes: { up, down }, ...(error === undefined ? {} : { error }) });
      },
      (thrown: unknown) => this.#dialFailed(peer, thrown),
    );
  }

  #dialFailed(peer: Peer, thrown: unknown): void {
    const denied = thrown instanceof UpstreamError ? thrown.denyReason : undefined;
    if (denied !== undefined) this.#deny(peer, denied);
    else {
      const error = thrown instanceof UpstreamError ? thrown.code : 'UPSTREAM_UNREACHABLE';
      this.#record(spanName.dialFailed, peer, { error });
      this.#socket.destroy();
    }
  }
}

function openerOf(plan: SitePlan): string | undefined {
  return plan.kind === 'open' && plan.opener !== undefined ? renderOpener(plan.opener) : undefined;
}

/** S16: the name in the ClientHello is the name the worker handed out, or there is none of either. */
export function judgeServerName(serverName: string | undefined, peer: Peer): DenyReason | undefined {
  if (serverName === undefined) return peer.hostname === undefined ? undefined : 'sni_missing';
  return peer.hostname !== undefined && parseHostname(serverName) === peer.hostname
    ? undefined
    : 'sni_mismatch';
}
