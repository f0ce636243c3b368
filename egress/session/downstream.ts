/**
 * The agent's side of one exchange, the same for HTTP/1.1 and HTTP/2. Apart so that the exchange (exchange.ts) knows
 * neither. Back-pressure: `false` means stop until told to go on.
 *
 * Who may call what: the session calls `start` once, then `data` any number of times and `end` once; or `aborted` once at any
 * time and nothing after it. The exchange calls `goOn` at most once and before `respond`; `respond` once, then `write` any
 * number of times, then `end` once; or `upgrade` instead of all of them; or `abort` once at any time and nothing after it. All of
 * them may be called inside the session's calls. No method of a Downstream throws; what a reader throws ends its stream alone.
 */
import type { Duplex } from 'node:stream';
import type { Field } from '../http1/index.ts';
import type { RequestLine } from '../pipeline/identify.ts';
import type { Snapshot } from '../snapshot.ts';
import type { BodyLength } from '../upstream/exchange-port.ts';

export interface DownstreamAnswer {
  readonly status: number;
  readonly reason: string;
  /** End-to-end fields. */
  readonly fields: readonly Field[];
  /** undefined: not known; 0: none. */
  readonly bodyLength: number | undefined;
}

export interface Downstream {
  readonly http2: boolean;
  /** Tells a client that asked (`Expect: 100-continue`) to send its body; nothing to one that did not ask. */
  goOn(): void;
  respond(answer: DownstreamAnswer): void;
  /** A part of the body. False: wait for `RequestReader.drained`. */
  write(bytes: Buffer): boolean;
  /** The answer is whole. Never called for one that was cut: that is `abort`. */
  end(trailers: readonly Field[]): void;
  /** Deliver the request's body again. */
  resume(): void;
  /** Answers 101 and gives up the connection: the socket and what was read from it already. */
  upgrade(fields: readonly Field[]): { readonly socket: Duplex; readonly rest: Buffer } | undefined;
  /** Breaks the answer off so that the agent notices: no clean end of the body, the stream or the connection. */
  abort(): void;
}

/** It left by itself; sent what is no request in the middle of one; may no longer be here (S36); met a defect of ours. */
export type AbortReason = 'AGENT_GONE' | 'BAD_REQUEST' | 'POLICY_CHANGED' | 'GATEWAY_FAULT';

/** What an exchange offers its session. */
export interface RequestReader {
  /** Called once, after the session has taken note of it; may answer at once. */
  start(): void;
  /** False: hold back until `Downstream.resume`. */
  data(bytes: Buffer): boolean;
  end(trailers: readonly Field[]): void;
  /** No answer can reach the agent any more, and this is why; the session has ended or reset what carried it. */
  aborted(why: AbortReason): void;
  /**
   * `agent`: the agent takes bytes again, so more of the answer may be read. It says nothing about the request's way: who resumes
   * reading the agent here lets the request pile up.
   */
  drained(side: 'agent'): void;
  /** Called about once a second. */
  tick(now: number): void;
  /** Breaks off when the new policy would not have allowed it (S36). */
  revalidate(snapshot: Snapshot): void;
}

export interface ExchangeFactory {
  (downstream: Downstream, line: RequestLine, length: BodyLength): RequestReader;
}

/** A session of one connection. */
export interface Session {
  tick(now: number): void;
  revalidate(snapshot: Snapshot): void;
  /** The connection is about to be cut: what runs is told why. */
  cut(why: AbortReason): void;
  /** Finish what is running and say that the connection ends with it; `isOver`: take nothing new, end what is idle. */
  drain(isOver: boolean): void;
}

/** What a session tells the connection it is on; it never ends the connection by itself. */
export interface SessionHooks {
  readonly tls: boolean;
  /** Ends the connection without a clean end. */
  readonly breakOff: () => void;
  /** The agent sent what is no request. */
  readonly onMalformed: (detail: string) => void;
  /** A stream was refused: the agent has its share. */
  readonly onLimit: () => void;
}
