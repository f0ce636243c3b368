/**
 * One connection from a worker, from its first byte: identity frame, destination, sniff, TLS, then a session or a relay.
 * Apart from what follows because until here nothing has been answered and everything odd is dropped (S11, S13, S15–S17).
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  chooseListener,
  computeAction,
  parseIdentityFrame,
  shapeOf,
  spanName,
  type DenyReason,
  type Wire,
} from '../../contract/index.ts';
import { Boundary } from '../boundary.ts';
import type { Peer, Refusal } from '../pipeline/call.ts';
import { routePeer } from '../pipeline/route.ts';
import { computeConnectionRecord } from '../record/exchange-record.ts';
import type { Snapshot } from '../snapshot.ts';
import { ClientHelloReader } from '../tls/client-hello.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { AbortReason, Session } from './downstream.ts';
import type { GatewayCore, SessionHooks } from './gateway-core.ts';
import { Greeting } from './greeting.ts';
import { createPeer, judgeServerName } from './peer.ts';
import { Sniffer } from './sniff.ts';
import { judgeUnread, mayGoOn, type Unread } from './unread.ts';

/** From accept to the end of the TLS handshake. */
const setupMs = 10_000;
/** An agent that says nothing for this long may be waiting for the server's first word. */
const silenceMs = 300;

type Named = typeof spanName.dialDenied | typeof spanName.dialFailed | typeof spanName.tcp;

interface Happened {
  readonly denyReason?: DenyReason;
  readonly denyPolicy?: string;
  readonly error?: string | undefined;
  readonly bytes?: { readonly up: number; readonly down: number };
  /** In our words, never bytes of the peer's. */
  readonly detail?: string;
}

export class Connection {
  readonly #socket: Socket;
  readonly #core: GatewayCore;
  readonly #boundary: Boundary;
  readonly #startedAt: number;
  readonly #onData: (chunk: Buffer) => void;
  readonly #sniffer = new Sniffer();
  readonly #hello = new ClientHelloReader();
  #frame: Buffer = Buffer.alloc(0);
  /** Read from the agent after its frame, and not yet handed on. */
  #chunks: Buffer[] = [];
  #signed: { readonly pool: string; readonly key: Buffer } | undefined;
  #peer: Peer | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** To a server that may speak first. */
  #dial: Promise<Socket> | undefined;
  #greeting: Greeting | undefined;
  /** What it speaks is known and being done. */
  #decided = false;
  #session: Session | undefined;
  #unread: Unread | undefined;
  #route: string | undefined;
  #why: AbortReason | undefined;

  constructor(socket: Socket, core: GatewayCore) {
    this.#socket = socket;
    this.#core = core;
    this.#startedAt = core.now();
    this.#boundary = new Boundary(
      () => socket.destroy(),
      (error) => core.broken(error),
    );
    this.#onData = this.#boundary.guard((chunk: Buffer) => this.#receive(chunk));
    // An agent that has said all it has to say still gets its answer.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    const on = (event: string, handler: () => void): unknown =>
      socket.on(event, this.#boundary.guard(handler));
    on('end', () => this.#ended());
    on('error', () => socket.destroy());
    on('close', () => {
      clearTimeout(this.#silence);
      core.forget(this);
    });
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  tick(now: number): void {
    const spoke = (this.#greeting?.bytes ?? 0) > 0;
    if (this.#session !== undefined) this.#session.tick(now);
    else if (this.#unread === undefined && !spoke && now - this.#startedAt > setupMs) {
      if (this.#peer === undefined) this.#drop('no identity frame in time');
      else this.#deny(this.#peer, 'protocol');
    }
  }

  /** Closes what the new policy would not have opened (S36), and what came by a pool that is gone or has another key. */
  revalidate(snapshot: Snapshot): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const key = this.#signed === undefined ? undefined : snapshot.frameKeys.get(this.#signed.pool);
    if (key === undefined || this.#signed?.key.equals(key) !== true) {
      this.#cut('POLICY_CHANGED');
      return;
    }
    // The session first, so that a call under way is recorded with its reason.
    this.#session?.revalidate(snapshot);
    if (!this.#mayStay(snapshot, peer)) this.#cut('POLICY_CHANGED');
  }

  #mayStay(snapshot: Snapshot, peer: Peer): boolean {
    if ('kind' in routePeer(snapshot.config.destinations, peer)) return false;
    if (this.#unread !== undefined) return mayGoOn(snapshot, peer, this.#unread);
    return this.#decided || this.#dial === undefined || judgeUnread(snapshot, peer, 'raw') === undefined;
  }

  #cut(why: AbortReason): void {
    this.#why = why;
    this.#session?.cut(why);
    this.#breakOff();
  }

  /** Neither TLS nor TCP ends cleanly: what was cut cannot be taken for whole. */
  #breakOff(): void {
    if (!this.#socket.destroyed) this.#socket.resetAndDestroy();
  }

  drain(): void {
    if (this.#session === undefined && this.#unread === undefined) this.#socket.destroy();
    else this.#session?.drain();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#peer !== undefined) this.#read(this.#peer, chunk);
    else this.#readFrame(chunk);
  }

  #ended(): void {
    if (this.#decided) return;
    const peer = this.#peer;
    if (peer === undefined) this.#socket.destroy();
    else if (this.#chunks.length > 0) this.#decide(peer, 'raw');
    else if (this.#mayGreet(peer)) void this.#greet(peer).then((upstream) => upstream?.end());
    else this.#socket.destroy();
  }

  #readFrame(chunk: Buffer): void {
    this.#frame = this.#frame.length === 0 ? chunk : Buffer.concat([this.#frame, chunk]);
    const snapshot = this.#core.snapshot;
    if (snapshot === undefined) {
      // Fail closed until a policy is loaded.
      this.#drop('no config loaded');
      return;
    }
    const result = parseIdentityFrame(this.#frame, (pool) => snapshot.frameKeys.get(pool));
    if (result.status === 'incomplete') return;
    const refusal =
      result.status === 'invalid' ? result.reason : this.#core.frames.refuse(result.frame, this.#core.now());
    const peer = result.status === 'ok' ? createPeer(result.frame) : undefined;
    if (refusal !== undefined || peer === undefined || result.status !== 'ok') {
      this.#drop(refusal ?? 'frame names no valid host');
      return;
    }
    const { pool } = result.frame;
    this.#signed = { pool, key: snapshot.frameKeys.get(pool) ?? Buffer.alloc(0) };
    this.#peer = peer;
    this.#admit(peer, snapshot, this.#frame.subarray(result.byteLength));
  }

  #admit(peer: Peer, snapshot: Snapshot, rest: Buffer): void {
    this.#frame = Buffer.alloc(0);
    const open = routePeer(snapshot.config.destinations, peer);
    if ('kind' in open) {
      this.#refuse(peer, open);
      return;
    }
    this.#route = open.rule?.route;
    if (!this.#core.admit(peer.agentId)) {
      this.#deny(peer, 'limit');
      return;
    }
    this.#socket.once('close', () => this.#core.release(peer.agentId));
    if (rest.length > 0) this.#read(peer, rest);
    else if (this.#mayGreet(peer)) {
      this.#silence = setTimeout(
        this.#boundary.guard(() => void this.#greet(peer)),
        silenceMs,
      );
    }
  }

  #drop(reason: string): void {
    this.#core.malformed(reason);
    this.#socket.destroy();
  }

  #refuse(peer: Peer, { reason, policy }: Refusal): void {
    this.#record(spanName.dialDenied, peer, {
      denyReason: reason,
      ...(policy === undefined ? {} : { denyPolicy: policy }),
    });
    this.#core.countDenied(reason);
    this.#socket.destroy();
  }

  #deny(peer: Peer, reason: DenyReason): void {
    this.#record(spanName.dialDenied, peer, { denyReason: reason });
    this.#core.countDenied(reason);
    this.#socket.destroy();
  }

  #record(name: Named, peer: Peer, happened: Happened): void {
    const record = computeConnectionRecord({
      name,
      peer,
      startedAt: this.#startedAt,
      endedAt: this.#core.now(),
      digest: this.#core.snapshot?.digest ?? '',
      route: this.#route,
      denyReason: happened.denyReason,
      denyPolicy: happened.denyPolicy,
      error: happened.error,
      bytes: happened.bytes,
    });
    const { detail } = happened;
    this.#core.record(
      detail === undefined ? record : { ...record, errorMessage: `${record.errorMessage ?? ''}: ${detail}` },
    );
  }

  #read(peer: Peer, chunk: Buffer): void {
    clearTimeout(this.#silence);
    this.#chunks.push(chunk);
    const wire = this.#sniffer.push(chunk);
    if (wire === 'tls') this.#readHello(peer, chunk);
    else if (wire !== 'more') this.#decide(peer, wire);
  }

  #readHello(peer: Peer, chunk: Buffer): void {
    const result = this.#hello.push(chunk);
    if (result.status === 'incomplete') return;
    const reason =
      result.status === 'invalid' ? 'protocol' : judgeServerName(result.hello.serverName, peer);
    if (reason === undefined) this.#decide(peer, 'tls');
    else this.#deny(peer, reason);
  }

  #decide(peer: Peer, wire: Wire): void {
    const snapshot = this.#core.snapshot;
    if (snapshot === undefined) return;
    this.#decided = true;
    const listener = chooseListener(snapshot.config.listeners, peer.port);
    const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), wire);
    if (action === 'relay' || action === 'passthrough') this.#relay(peer, snapshot, wire);
    else if (action === 'refuse' || !this.#takeBack()) this.#deny(peer, 'protocol');
    else if (action === 'terminate') this.#terminate(peer, snapshot);
    else if (wire === 'h2-preface')
      this.#session = this.#core.openHttp2(this.#release(), peer, this.#hooks(peer, false));
    else this.#startHttp1(this.#release(), peer, false);
  }

  /** Ends what was begun for a server that speaks first; false: that server has spoken already. */
  #takeBack(): boolean {
    if (this.#greeting !== undefined) return this.#greeting.drop();
    void this.#dial?.then(
      (upstream) => upstream.destroy(),
      () => undefined,
    );
    return true;
  }

  /** Hands the socket on with what was read from it put back. */
  #release(): Socket {
    this.#socket.removeListener('data', this.#onData);
    this.#socket.pause();
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    if (bytes.length > 0) this.#socket.unshift(bytes);
    return this.#socket;
  }

  #hooks(peer: Peer, tls: boolean): SessionHooks {
    return {
      tls,
      breakOff: this.#boundary.guard(() => this.#breakOff()),
      onMalformed: (detail) => {
        this.#core.countDenied('protocol');
        this.#record(spanName.dialDenied, peer, { denyReason: 'protocol', detail });
      },
      onLimit: () => {
        this.#core.countDenied('limit');
        this.#record(spanName.dialDenied, peer, { denyReason: 'limit' });
      },
    };
  }

  #terminate(peer: Peer, snapshot: Snapshot): void {
    const name = peer.hostname ?? peer.ip;
    const tls = new TLSSocket(this.#release(), {
      isServer: true,
      secureContext: snapshot.leaves.contextFor(name, peer.hostname === undefined),
      ALPNProtocols: ['h2', 'http/1.1', 'http/1.0'],
    });
    const failed = (): void => {
      if (this.#session === undefined && !this.#socket.destroyed) {
        this.#record(spanName.dialFailed, peer, { error: 'AGENT_TLS' });
      }
      this.#socket.destroy();
    };
    tls.on('error', this.#boundary.guard(failed));
    tls.once(
      'end',
      this.#boundary.guard(() => {
        if (this.#session === undefined) failed();
      }),
    );
    tls.once(
      'secure',
      this.#boundary.guard(() => this.#secured(tls, peer)),
    );
  }

  #secured(tls: TLSSocket, peer: Peer): void {
    // tls.Server does this for its own sockets; node:http2 waits for it before it starts a session.
    Object.assign(tls, { secureConnecting: false });
    // A client without ALPN speaks HTTP/1.1; alpnProtocol is then `false`.
    if (tls.alpnProtocol === 'h2')
      this.#session = this.#core.openHttp2(tls, peer, this.#hooks(peer, true));
    else this.#startHttp1(tls, peer, true);
  }

  #startHttp1(socket: Socket, peer: Peer, tls: boolean): void {
    this.#session = this.#core.openHttp1(socket, peer, this.#hooks(peer, tls));
    socket.resume();
  }

  #mayGreet(peer: Peer): boolean {
    const snapshot = this.#core.snapshot;
    return snapshot !== undefined && judgeUnread(snapshot, peer, 'raw') === undefined;
  }

  /** Lets a server speak first. Resolves with it unless the agent has spoken meanwhile. */
  async #greet(peer: Peer): Promise<Socket | undefined> {
    this.#dial ??= this.#core.dialRaw(peer);
    try {
      const upstream = await this.#dial;
      if (this.#decided || this.#greeting !== undefined) return undefined;
      this.#greeting = new Greeting(this.#socket, upstream, this.#boundary);
      return upstream;
    } catch (thrown) {
      if (!this.#decided) this.#dialFailed(peer, thrown);
      return undefined;
    }
  }

  #relay(peer: Peer, snapshot: Snapshot, wire: Wire): void {
    const refusal = judgeUnread(snapshot, peer, wire);
    if (refusal !== undefined) {
      this.#refuse(peer, refusal);
      return;
    }
    this.#unread = { wire, route: this.#route, address: undefined };
    this.#socket.removeListener('data', this.#onData);
    this.#socket.pause();
    (this.#dial ?? this.#core.dialRaw(peer)).then(
      (upstream) => this.#join(peer, upstream),
      (thrown: unknown) => this.#dialFailed(peer, thrown),
    );
  }

  async #join(peer: Peer, upstream: Socket): Promise<void> {
    const greeted = this.#greeting?.bytes ?? 0;
    this.#greeting?.handOver();
    if (this.#unread !== undefined)
      this.#unread = { ...this.#unread, address: upstream.remoteAddress ?? '' };
    const first = Buffer.concat(this.#chunks);
    this.#chunks = [];
    upstream.write(first);
    const { up, down, error } = await this.#core.relay(this.#socket, upstream);
    const bytes = { up: up + first.length, down: down + greeted };
    this.#record(spanName.tcp, peer, { bytes, error: this.#why ?? error });
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
