/**
 * One connection from a worker: identity frame (doorstep.ts), destination, sniff, TLS, then a session or a relay.
 * Apart from what follows because until here nothing has been answered and everything odd is dropped (S11, S13, S15–S17).
 */
import type { Socket } from 'node:net';
import { chooseListener, computeAction, shapeOf, type DenyReason, type Wire } from '../../contract/index.ts';
import { probeReset } from '../../process/index.ts';
import { Boundary } from '../boundary.ts';
import type { Refusal } from '../../decision/index.ts';
import { siteOf, type Peer } from '../pipeline/call.ts';
import type { Snapshot } from '../snapshot.ts';
import { acceptTls } from '../tls/accept.ts';
import { ClientHelloReader } from '../tls/client-hello.ts';
import { ConnectionLog } from './connection-log.ts';
import { Doorstep, type Arrival } from './doorstep.ts';
import type { AbortReason, Session, SessionHooks } from './downstream.ts';
import type { GatewayCore } from './gateway-core.ts';
import { isTrusted, judgeServerName, type Signer } from './peer.ts';
import { Sniffer } from './sniff.ts';
import { judgeUnread, mayGreet } from './unread.ts';
import { UnreadRelay } from './unread-relay.ts';

/** From accept to the end of the TLS handshake. */
const setupMs = 10_000;
/** An agent that says nothing for this long may be waiting for the server's first word. */
const silenceMs = 300;

export class Connection {
  readonly #socket: Socket;
  readonly #core: GatewayCore;
  readonly #boundary: Boundary;
  readonly #startedAt: number;
  readonly #log: ConnectionLog;
  readonly #onData: (chunk: Buffer) => void;
  readonly #sniffer = new Sniffer();
  readonly #hello = new ClientHelloReader();
  readonly #doorstep: Doorstep;
  /** Read from the agent after its frame, and not yet handed on. */
  #chunks: Buffer[] = [];
  #signer: Signer | undefined;
  #peer: Peer | undefined;
  #silence: NodeJS.Timeout | undefined;
  #unread: UnreadRelay | undefined;
  /** What the agent's bytes are read from: the socket, or TLS over it. */
  #reader: Socket;
  /** What it speaks is known and being done. */
  #decided = false;
  #session: Session | undefined;
  #why: AbortReason | undefined;

  constructor(socket: Socket, core: GatewayCore) {
    this.#socket = socket;
    this.#reader = socket;
    this.#core = core;
    this.#startedAt = core.now();
    this.#log = new ConnectionLog(core, this.#startedAt);
    this.#boundary = new Boundary(
      () => socket.destroy(),
      (error) => core.broken(error),
    );
    this.#onData = this.#boundary.guard((chunk: Buffer) =>
      this.#peer === undefined ? this.#doorstep.read(chunk) : this.#read(this.#peer, chunk),
    );
    this.#doorstep = new Doorstep(socket, core, {
      boundary: this.#boundary,
      onDropped: (reason) => this.#drop(reason),
      onMet: (arrival, rest) => {
        this.#meet(arrival, rest);
        return !this.#decided;
      },
    });
    // An agent that has said all it has to say still gets its answer.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    this.#boundary.on(socket, 'end', () => this.#ended());
    this.#boundary.on(socket, 'error', () => socket.destroy());
    this.#boundary.on(socket, 'close', () => {
      clearTimeout(this.#silence);
      core.forget(this);
    });
  }

  tick(now: number): void {
    if (this.#reader.isPaused()) probeReset(this.#socket);
    if (this.#session !== undefined) this.#session.tick(now);
    else if (this.#unread?.running !== true && now - this.#startedAt > setupMs) {
      if (this.#peer === undefined) this.#drop('no identity frame in time');
      else this.#deny(this.#peer, 'the agent did not say in time what it speaks');
    }
  }

  /** Closes what the new policy would not have opened (S36), and what came by a pool that is gone or has another key. */
  revalidate(snapshot: Snapshot): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const mayStay = isTrusted(this.#signer, snapshot, peer);
    // The session first, so that a call under way is recorded with its reason.
    if (mayStay) this.#session?.revalidate(snapshot);
    const isOpen = snapshot.plans.at(siteOf(peer, false)).kind === 'open';
    if (!mayStay || !isOpen || this.#unread?.mayStay(snapshot) === false) this.#cut('POLICY_CHANGED');
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

  drain(isOver: boolean): void {
    if (this.#session !== undefined) this.#session.drain(isOver);
    else if (isOver && this.#unread?.running !== true) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #ended(): void {
    if (this.#decided) return;
    const peer = this.#peer;
    if (peer === undefined) this.#socket.destroy();
    else if (this.#chunks.length > 0) this.#decide(peer, 'raw');
    else if (mayGreet(this.#core.snapshot, peer)) this.#greet(peer, (upstream) => upstream.end());
    else this.#socket.destroy();
  }

  #meet({ peer, signer, hasPlace, snapshot }: Arrival, rest: Buffer): void {
    this.#signer = signer;
    this.#peer = peer;
    const plan = snapshot.plans.at(siteOf(peer, false));
    if (plan.kind === 'shut') return this.#refuse(peer, plan.refusal);
    this.#log.opened(plan);
    if (!hasPlace) {
      return this.#deny(peer, 'the agent has as many connections as one may have', 'limit');
    }
    this.#unread = new UnreadRelay(this.#socket, this.#core, peer, this.#boundary);
    if (rest.length > 0) this.#read(peer, rest);
    else if (mayGreet(this.#core.snapshot, peer)) {
      this.#silence = setTimeout(
        this.#boundary.guard(() => this.#greet(peer, () => undefined)),
        silenceMs,
      );
    }
  }

  #drop(reason: string): void {
    this.#core.malformed(reason);
    this.#socket.destroy();
  }

  #refuse(peer: Peer, refusal: Refusal): void {
    this.#log.refused(peer, refusal);
    this.#socket.destroy();
  }

  #deny(peer: Peer, detail: string, reason: DenyReason = 'protocol'): void {
    this.#log.denied(peer, reason, detail);
    this.#socket.destroy();
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
    if (result.status === 'invalid') return this.#deny(peer, result.reason);
    const reason = judgeServerName(result.hello.serverName, peer);
    if (reason === undefined) this.#decide(peer, 'tls');
    else this.#deny(peer, 'the server name of TLS is not the name that was looked up', reason);
  }

  #decide(peer: Peer, wire: Wire): void {
    const snapshot = this.#core.snapshot;
    if (snapshot === undefined) return;
    this.#decided = true;
    const listener = chooseListener(snapshot.config.listeners, peer.port);
    const action = listener === undefined ? 'refuse' : computeAction(shapeOf(listener), wire);
    if (action === 'relay' || action === 'passthrough') this.#relay(peer, snapshot, wire);
    else if (action === 'refuse')
      this.#deny(peer, 'the listener of this port does not take what the agent speaks');
    else if (this.#unread?.takeBack() === false) this.#deny(peer, 'HTTP or TLS after the server had spoken');
    else if (action === 'terminate') this.#terminate(peer, snapshot);
    else this.#start(this.#release(), peer, { tls: false, http2: wire === 'h2-preface' });
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
      onMalformed: (detail) => this.#log.denied(peer, 'protocol', detail),
      onLimit: () => this.#log.denied(peer, 'limit', 'the agent has as many streams as one may have'),
    };
  }

  #terminate(peer: Peer, snapshot: Snapshot): void {
    const name = peer.hostname ?? peer.ip;
    const context = snapshot.leaves.contextFor(name, peer.hostname === undefined, peer.agentId);
    acceptTls(this.#release(), context, this.#boundary, {
      // A client without ALPN speaks HTTP/1.1; alpnProtocol is then `false`.
      onSecure: (tls) => this.#start(tls, peer, { tls: true, http2: tls.alpnProtocol === 'h2' }),
      onFailed: () => this.#log.failed(peer, 'AGENT_TLS'),
    });
  }

  #start(socket: Socket, peer: Peer, spoken: { readonly tls: boolean; readonly http2: boolean }): void {
    this.#reader = socket;
    const hooks = this.#hooks(peer, spoken.tls);
    this.#session = this.#core[spoken.http2 ? 'openHttp2' : 'openHttp1'](socket, peer, hooks);
    if (this.#core.isLeaving) this.#session.drain(false);
    if (!spoken.http2) socket.resume();
  }

  /** Lets a server speak first. */
  #greet(peer: Peer, then: (upstream: Socket) => void): void {
    const unread = this.#unread;
    if (unread === undefined) return;
    this.#boundary.settle(
      unread.greet(),
      (upstream) => (upstream === undefined ? undefined : then(upstream)),
      (thrown) => this.#dialFailed(peer, thrown),
    );
  }

  #relay(peer: Peer, snapshot: Snapshot, wire: Wire): void {
    const refusal = judgeUnread(snapshot, peer, wire);
    if (refusal !== undefined) return this.#refuse(peer, refusal);
    const slot = this.#core.admitRecord(peer.agentId);
    if (slot === undefined) return this.#deny(peer, 'no more can be recorded of this agent now', 'limit');
    this.#socket.removeListener('data', this.#onData);
    this.#socket.pause();
    const first = Buffer.concat(this.#chunks);
    this.#chunks = [];
    const unread = this.#unread;
    if (unread === undefined) return slot.release();
    this.#boundary.settle(
      unread.start(wire, this.#log.route, first),
      ({ up, down, error }) => this.#log.relayed(slot, peer, { up, down }, this.#why ?? error),
      (thrown) => {
        slot.release();
        this.#dialFailed(peer, thrown);
      },
    );
  }

  #dialFailed(peer: Peer, thrown: unknown): void {
    this.#log.dialFailed(peer, thrown);
    this.#socket.destroy();
  }
}
