/**
 * All connections of one gateway process and the snapshot in force. Apart from run-egress.ts so that tests drive it with
 * sockets, a clock and a look-up of their own. Without a snapshot it serves nobody.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EqualShares, type DenyReason } from '../../contract/index.ts';
import { HeldBytes } from '../body/index.ts';
import type { Approvals } from '../approval/approvals.ts';
import { openApprovals } from '../approval/open-approvals.ts';
import { Budgets } from '../budget/budgets.ts';
import { noLedger } from '../budget/ledger.ts';
import { BackendHealth } from '../fallback/backend-health.ts';
import type { UpstreamTarget } from '../../decision/index.ts';
import { InputStates } from '../mcp/input-states.ts';
import type { Peer } from '../pipeline/call.ts';
import type { Outcome, SpanRecord } from '../record/exchange-record.ts';
import { admitRecord } from '../record/recorder.ts';
import type { RecordSlot } from '../record/record-queue.ts';
import type { Snapshot } from '../snapshot.ts';
import { UpstreamPool } from '../upstream/pool.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { Connection } from './connection.ts';
import type { ExchangeFactory, Session, SessionHooks } from './downstream.ts';
import { Exchange } from './exchange.ts';
import type { PolicyInForce, Settle } from './exchange-context.ts';
import { OwnDoor, type Door } from './door.ts';
import { boundsOf, type GatewayBounds } from './gateway-bounds.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { Http1Session } from './http1-session.ts';
import { Http2Session } from './http2-session.ts';
import { ReadAhead } from './read-ahead.ts';
import { relay, type RelayOptions, type RelayResult } from './relay.ts';
import { askOverNetwork, Tokens } from '../token/tokens.ts';
import { relayWebSocket, type WebSocketSides } from './websocket-relay.ts';

/** A relay (raw, passthrough, WebSocket) without a byte either way. */
const relayIdleMs = 10 * 60_000;

export class GatewayCore {
  readonly door: Door;
  readonly now: () => number;
  readonly #options: GatewayOptions;
  readonly #connections = new Set<Connection>();
  readonly #streams: EqualShares;
  readonly #bounds: GatewayBounds;
  readonly #ticks = new Set<(now: number) => void>();
  readonly #held = new HeldBytes();
  readonly #budgets: Budgets;
  readonly #approvals: Approvals;
  readonly #health: BackendHealth;
  readonly #tokens: Tokens;
  readonly #inputs: InputStates;
  /** Of earlier policies, until their last exchange is over. */
  readonly #retired = new Set<UpstreamPool>();
  #isLeaving = false;
  #pool: UpstreamPool | undefined;
  #snapshot: Snapshot | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.now = options.now;
    this.door = options.door ?? new OwnDoor(options.now);
    this.#bounds = boundsOf(options.processes ?? 1);
    this.#streams = new EqualShares(this.#bounds.streamsOfAgent);
    this.#health = new BackendHealth(options.now);
    this.#inputs = new InputStates(options.now);
    this.#approvals = openApprovals(options.approvals, options.now);
    const { ledger = noLedger, now, unixMs = now, lookup, ownLookup = lookup, onWarned } = options;
    this.#budgets = new Budgets({ ledger, now, unixMs, ...(onWarned === undefined ? {} : { onWarned }) });
    const askBy = askOverNetwork(ownLookup, now, (error) => this.broken(error));
    this.#tokens = new Tokens({ now, unixMs, askBy });
  }

  get budgets(): Budgets {
    return this.#budgets;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The new policy holds for every request from now on, and ends what it does not allow. */
  swap(snapshot: Snapshot): void {
    if (this.#pool !== undefined) this.#retired.add(this.#pool);
    this.#pool?.retire();
    this.#snapshot = snapshot;
    this.#tokens.use(snapshot);
    this.#pool = new UpstreamPool(snapshot, this.#options.lookup, this.now, (error) => this.broken(error));
    for (const connection of [...this.#connections]) this.#guarded(() => connection.revalidate(snapshot));
  }

  /** Counts what a handler threw. Whoever calls has closed the connection it was about. */
  broken(error: unknown): void {
    this.#options.metrics.connectionBroken();
    this.#options.onBroken?.(error);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.broken(thrown);
    }
  }

  get #isFull(): boolean {
    return this.#connections.size + this.#streams.total >= this.#bounds.total;
  }

  accept(socket: Socket): void {
    if (this.#isFull) {
      this.countDenied('limit');
      socket.destroy();
      return;
    }
    this.#connections.add(new Connection(socket, this));
    this.#options.onConnections();
  }

  /** Counts a stream of HTTP/2; false: the agent or the gateway has too many. */
  admitStream(agentId: string): boolean {
    if (this.#isFull) return false;
    return this.#streams.take(agentId);
  }

  releaseStream(agentId: string): void {
    this.#streams.give(agentId);
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#options.onConnections();
  }

  tick(): void {
    const now = this.now();
    for (const connection of this.#connections) this.#guarded(() => connection.tick(now));
    for (const tick of this.#ticks) this.#guarded(() => tick(now));
    this.#guarded(() => this.#pool?.sweep());
    this.#guarded(() => this.#budgets.tidy());
    this.#guarded(() => this.#approvals.tick());
    this.#guarded(() => this.#inputs.tidy());
    for (const pool of this.#retired) {
      this.#guarded(() => pool.sweep());
      if (pool.empty) this.#retired.delete(pool);
    }
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

  openHttp1(socket: Socket, peer: Peer, hooks: SessionHooks): Session {
    const { tls, breakOff, onMalformed } = hooks;
    return new Http1Session(socket, {
      ...this.#sessionOptions,
      open: this.#exchanges(peer, tls, breakOff),
      onMalformed,
      breakOff,
      halfCloses: !tls,
    });
  }

  openHttp2(socket: Socket, peer: Peer, hooks: SessionHooks): Session {
    const { tls, onMalformed, onLimit } = hooks;
    return new Http2Session(socket, {
      ...this.#sessionOptions,
      open: this.#exchanges(peer, tls),
      onMalformed,
      takeStream: () => {
        const admitted = this.admitStream(peer.agentId);
        if (!admitted) onLimit();
        return admitted;
      },
      giveStream: () => this.releaseStream(peer.agentId),
    });
  }

  get #sessionOptions(): { now: () => number; onBroken: (error: unknown) => void } {
    return { now: this.now, onBroken: (error) => this.broken(error) };
  }

  #exchanges(peer: Peer, tls: boolean, breakAgent?: () => void): ExchangeFactory {
    return (downstream, line, length) => {
      const count = (record: SpanRecord, outcome: Outcome): void =>
        this.#options.metrics.exchange(outcome, (record.end - record.start) / 1000);
      const context = {
        inForce: () => this.#inForce(),
        held: this.#held,
        budgets: this.#budgets,
        approvals: this.#approvals,
        health: this.#health,
        inputs: this.#inputs,
        tokens: this.#tokens,
        now: this.now,
        unixMs: this.#options.unixMs ?? this.now,
        newId: randomUUID,
        onBroken: (error: unknown) => this.broken(error),
        admit: (agentId: string): Settle | undefined => {
          const slot = this.admitRecord(agentId);
          if (slot === undefined) return undefined;
          return (record, outcome) => {
            count(record, outcome);
            slot.put(record);
          };
        },
        onRefused: (record: SpanRecord, outcome: Outcome) => {
          count(record, outcome);
          this.record(record);
        },
        relay: (sides: WebSocketSides) =>
          relayWebSocket(sides, {
            ...this.#relayOptions(peer.agentId),
            ...(breakAgent === undefined ? {} : { breakAgent }),
          }),
      };
      return new Exchange(context, { peer, tls, line, length }, downstream);
    };
  }

  /** Room for the record of something that is about to be let through; undefined: there is none, so it may not be. */
  admitRecord(agentId: string): RecordSlot | undefined {
    const recorder = this.#options.recorder();
    return recorder === undefined ? undefined : admitRecord(recorder, agentId);
  }

  #inForce(): PolicyInForce {
    const snapshot = this.#snapshot;
    const pool = this.#pool;
    if (snapshot === undefined || pool === undefined) {
      throw new Error('a session cannot exist without a snapshot');
    }
    return { snapshot, pool };
  }

  /**
   * A plain TCP connection for a relay to where the peer wanted to go, at a judged address. `target`: as the policy in force has it;
   * undefined: it opens nothing.
   */
  async dialRaw(peer: Peer, target: UpstreamTarget | undefined): Promise<Socket> {
    if (target === undefined || this.#pool === undefined) {
      throw new UpstreamError('EGRESS_DENIED', 'not open', { denyReason: 'policy' });
    }
    return this.#pool.dialSocket(target, peer.agentId, []);
  }

  /** Bytes nobody reads: TCP's half-close is the peers' own business. */
  relay(agentId: string, agent: Duplex, upstream: Duplex): Promise<RelayResult> {
    return relay(agent, upstream, { ...this.#relayOptions(agentId), agentHalfCloses: true });
  }

  #relayOptions(agentId: string): Omit<RelayOptions, 'agentHalfCloses'> {
    return {
      idleMs: relayIdleMs,
      now: this.now,
      ahead: new ReadAhead(this.#held, agentId),
      onTick: (tick) => {
        this.#ticks.add(tick);
        return () => this.#ticks.delete(tick);
      },
      onBroken: (error) => this.broken(error),
    };
  }

  /** Takes what comes, and says with each answer that its connection ends. */
  leave(): void {
    this.#isLeaving = true;
    for (const connection of this.#connections) connection.drain(false);
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Lets running exchanges finish; resolves when none is left or the time is up, then cuts. */
  async drain(graceMs: number, wait: (ms: number) => Promise<void>): Promise<void> {
    for (const connection of this.#connections) connection.drain(true);
    this.#approvals.close();
    const end = this.now() + graceMs;
    while (this.#connections.size > 0 && this.now() < end) await wait(50);
    for (const connection of [...this.#connections]) connection.destroy();
    this.#budgets.tidy(true);
    this.#pool?.retire();
  }
}
