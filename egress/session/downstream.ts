/**
 * The agent's side of one exchange, the same for HTTP/1.1 and HTTP/2. Apart so that the exchange (exchange.ts) knows
 * neither. Back-pressure: `false` means stop until told to go on.
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
  /** Tells a client that asked (`Expect: 100-continue`) to send its body. */
  goOn(): void;
  respond(answer: DownstreamAnswer): void;
  write(bytes: Buffer): boolean;
  end(trailers: readonly Field[]): void;
  /** Deliver the request's body again. */
  resume(): void;
  /** Answers 101 and gives up the connection: the socket and what was read from it already. */
  upgrade(fields: readonly Field[]): { readonly socket: Duplex; readonly rest: Buffer } | undefined;
  /** Breaks the answer off so that the agent notices. */
  abort(): void;
}

/** What an exchange offers its session. */
export interface RequestReader {
  /** Called once, after the session has taken note of it; may answer at once. */
  start(): void;
  /** False: hold back until `Downstream.resume`. */
  data(bytes: Buffer): boolean;
  end(): void;
  /** The agent is gone. */
  aborted(): void;
  drained(): void;
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
  /** Finish what is running, take nothing new. */
  drain(): void;
}
