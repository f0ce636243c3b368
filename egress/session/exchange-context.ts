/** What an exchange is given: the request it is about, and the gateway around it. No state of its own. */
import type { Approvals } from '../approval/approvals.ts';
import type { Budgets } from '../budget/budgets.ts';
import type { BackendHealth } from '../fallback/backend-health.ts';
import type { InputStates } from '../mcp/input-states.ts';
import type { Peer } from '../pipeline/call.ts';
import type { RequestLine } from '../pipeline/identify.ts';
import type { Outcome, SpanRecord } from '../record/exchange-record.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TokenSource } from '../token/tokens.ts';
import type { BodyLength, UpstreamConnection } from '../upstream/exchange-port.ts';
import type { PoolRequest } from '../upstream/pool.ts';
import type { HeldShare } from './read-ahead.ts';
import type { RelayResult } from './relay.ts';
import type { WebSocketSides } from './websocket-relay.ts';

/** Takes the one record of an exchange. */
export type Settle = (record: SpanRecord, outcome: Outcome) => void;

/** Connections to upstreams, as an attempt asks for them. */
export interface ConnectionSource {
  /** One that is ready now; undefined: dial. */
  take(request: PoolRequest): UpstreamConnection | undefined;
  /** Rejects with UpstreamError. */
  dial(request: PoolRequest): Promise<UpstreamConnection>;
}

/** The policy in force and what is open under it. */
export interface PolicyInForce {
  readonly snapshot: Snapshot;
  readonly pool: ConnectionSource;
}

export interface ExchangeContext {
  readonly inForce: () => PolicyInForce;
  readonly held: HeldShare;
  readonly budgets: Budgets;
  readonly approvals: Approvals;
  readonly health: BackendHealth;
  /** States with which MCP servers asked for input. */
  readonly inputs: InputStates;
  readonly tokens: TokenSource;
  readonly now: () => number;
  /** What the wall clock says, in ms: upstreams judge a signature's time by theirs, and `now` does not see a clock that was set. */
  readonly unixMs: () => number;
  /** A name that no other answer has. */
  readonly newId: () => string;
  /** May the agent have one more call on record? undefined: not now; else call it once, with the record. */
  readonly admit: (agentId: string) => Settle | undefined;
  /** For what was refused before it was admitted. */
  readonly onRefused: Settle;
  /** Counts what a handler threw; the exchange it was about is over. */
  readonly onBroken: (error: unknown) => void;
  /** Relays a WebSocket; resolves when it is over. */
  readonly relay: (sides: WebSocketSides) => Promise<RelayResult>;
}

export interface Inbound {
  readonly peer: Peer;
  readonly tls: boolean;
  readonly line: RequestLine;
  readonly length: BodyLength;
}
