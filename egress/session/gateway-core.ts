/**
 * All connections of one gateway process and the snapshot in force. Apart from run-egress.ts so that tests drive it with
 * sockets, a clock and a look-up of their own. Without a snapshot it serves nobody.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { DenyReason } from '../../contract/index.ts';
import type { UpstreamTarget } from '../../decision/index.ts';
import { HeldBytes } from '../body/index.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { siteOf, type Peer } from '../pipeline/call.ts';
import type { Outcome, SpanRecord } from '../record/exchange-record.ts';
import type { Recorder } from '../record/recorder.ts';
import type { Snapshot } from '../snapshot.ts';
import { UpstreamPool } from '../upstream/pool.ts';
import type { Lookup } from '../upstream/resolver.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { Connection, relayIdleMs } from './connection.ts';
import type { ExchangeFactory, Session } from './downstream.ts';
import { Exchange } from './exchange.ts';
import type { PolicyInForce } from './exchange-context.ts';
import { FrameGuard } from './frame-guard.ts';
import { Http1Session } from './http1-session.ts';
import { Http2Session } from './http2-session.ts';
import { relay, type RelayResult } from './relay.ts';
import { FrameInspector } from './websocket.ts';

export interface GatewayOptions {
  readonly recorder: () => Recorder | undefined;
  readonly metrics: GatewayMetrics;
  readonly lookup: Lookup;
  readonly now: () => number;
  /** Called when the number of connections changed. */
  readonly onConnections: () => void;
}

// One agent cannot use up the process (S30, S54); a Node SDK opens tens of connections at most.
const maxPerAgent = 512;
const maxConnections = 10_000;

export class GatewayCore {
  readonly frames = new FrameGuard();
  readonly now: () => number;
  readonly #options: GatewayOptions;
  readonly #connections = new Set<Connection>();
  readonly #perAgent = new Map<string, number>();
  readonly #ticks = new Set<(now: number) => void>();
  readonly #held = new HeldBytes();
  #pool: UpstreamPool | undefined;
  #snapshot: Snapshot | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.now = options.now;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The new policy holds for every request from now on, and ends what it does not allow. */
  swap(snapshot: Snapshot): void {
    this.#pool?.retire();
    this.#snapshot = snapshot;
    this.#pool = new UpstreamPool(snapshot, this.#options.lookup, this.now);
    for (const connection of [...this.#connections]) connection.revalidate(snapshot);
  }

  accept(socket: Socket): void {
    if (this.#connections.size >= maxConnections) {
      this.countDenied('limit');
      socket.destroy();
      return;
    }
    this.#connections.add(new Connection(socket, this));
    this.#options.onConnections();
  }

  /** Counts a connection for its agent; false: it has too many. */
  admit(agentId: string): boolean {
    const count = (this.#perAgent.get(agentId) ?? 0) + 1;
    if (count > maxPerAgent) return false;
    this.#perAgent.set(agentId, count);
    return true;
  }

  /** `agentId` of an admitted connection that is over. */
  release(agentId: string): void {
    const count = (this.#perAgent.get(agentId) ?? 1) - 1;
    if (count > 0) this.#perAgent.set(agentId, count);
    else this.#perAgent.delete(agentId);
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#options.onConnections();
  }

  tick(): void {
    const now = this.now();
    for (const connection of this.#connections) connection.tick(now);
    for (const tick of this.#ticks) tick(now);
    this.#pool?.sweep();
  }

  malformed(reason: string): void {
    this.#options.metrics.frameRefused();
    this.#options.recorder()?.malformed(reason, this.now());
  }

  countDenied(reason: DenyReason): void {
    this.#options.metrics.denied(reason);
  }

  record(record: SpanRecord): void {
    this.#options.recorder()?.record(record);
  }

  openHttp1(socket: Socket, peer: Peer, tls: boolean): Session {
    const onMalformed = (): void => this.countDenied('protocol');
    return new Http1Session(socket, { open: this.#exchanges(peer, tls), onMalformed, now: this.now });
  }

  openHttp2(socket: TLSSocket, peer: Peer): Session {
    return new Http2Session(socket, { open: this.#exchanges(peer, true), now: this.now });
  }

  #exchanges(peer: Peer, tls: boolean): ExchangeFactory {
    return (downstream, line, length) => {
      const onRecord = (record: SpanRecord, outcome: Outcome): void => {
        this.#options.metrics.exchange(outcome, (record.end - record.start) / 1000);
        this.record(record);
      };
      const context = {
        inForce: () => this.#inForce(),
        held: this.#held,
        now: this.now,
        admit: () => onRecord,
        onRefused: onRecord,
        relay: (agent: Duplex, upstream: Duplex) => this.#relayWebSocket(agent, upstream),
      };
      return new Exchange(context, { peer, tls, line, length }, downstream);
    };
  }

  #inForce(): PolicyInForce {
    const snapshot = this.#snapshot;
    const pool = this.#pool;
    if (snapshot === undefined || pool === undefined) {
      throw new Error('a session cannot exist without a snapshot');
    }
    return { snapshot, pool };
  }

  /** A plain TCP connection for a relay, to the judged address. */
  async dialRaw(target: UpstreamTarget, peer: Peer): Promise<Socket> {
    const snapshot = this.#snapshot;
    if (
      snapshot === undefined ||
      this.#pool === undefined ||
      snapshot.plans.at(siteOf(peer, false)).kind === 'shut'
    ) {
      throw new UpstreamError('EGRESS_DENIED', 'not open', { denyReason: 'policy' });
    }
    return this.#pool.dialSocket(target, peer.agentId, []);
  }

  relay(agent: Duplex, upstream: Duplex): Promise<RelayResult> {
    return relay(agent, upstream, {
      idleMs: relayIdleMs,
      now: this.now,
      onTick: (tick) => this.#onTick(tick),
    });
  }

  #relayWebSocket(agent: Duplex, upstream: Duplex): Promise<RelayResult> {
    const sides = { up: new FrameInspector('agent'), down: new FrameInspector('upstream') };
    return relay(agent, upstream, {
      idleMs: relayIdleMs,
      now: this.now,
      onTick: (tick) => this.#onTick(tick),
      inspect: { up: (chunk) => sides.up.push(chunk), down: (chunk) => sides.down.push(chunk) },
    });
  }

  #onTick(tick: (now: number) => void): () => void {
    this.#ticks.add(tick);
    return () => this.#ticks.delete(tick);
  }

  /** Lets running exchanges finish; resolves when none is left or the time is up, then cuts. */
  async drain(graceMs: number, wait: (ms: number) => Promise<void>): Promise<void> {
    for (const connection of this.#connections) connection.drain();
    const end = this.now() + graceMs;
    while (this.#connections.size > 0 && this.now() < end) await wait(50);
    for (const connection of [...this.#connections]) connection.destroy();
    this.#pool?.retire();
  }
}
