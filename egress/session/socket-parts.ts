/** What the responses of one open WebSocket share. Types only. */
import type { Boundary } from '../boundary.ts';
import type { Candidate } from '../../decision/index.ts';
import type { Allowed } from './deliberation.ts';
import type { ExchangeContext, Inbound } from './exchange-context.ts';
import type { Judgement } from './judgement.ts';

export interface SocketParts {
  readonly context: ExchangeContext;
  /** The call that opened it, its record being that of each response. */
  readonly inbound: Inbound;
  readonly judgement: Judgement;
  /** By which it was opened. */
  readonly decision: Allowed;
  readonly isWay: (candidate: Candidate) => boolean;
  readonly boundary: Boundary;
}

/** The two sides of a relay, for who says something of its own there. */
export interface SocketPorts {
  /** So many bytes now wait for the agent to read them. */
  toAgent(bytes: Buffer): number;
  toUpstream(bytes: Buffer): void;
  /** Ends both sides. */
  end(error: string): void;
}

/** What is done with the frames of a WebSocket, each of which has been judged as a frame. */
export interface SocketMessages {
  /** Called once, before anything else. */
  open(ports: SocketPorts): void;
  /** What of it goes on now. */
  fromAgent(chunk: Buffer): Buffer;
  /** `pass`: what the agent gets of a part of it, or why the relay ends. */
  fromUpstream(chunk: Buffer, pass: (part: Buffer) => Buffer | string): Buffer | string;
  /** False: what runs in it may not go on under the policy in force. */
  revalidate(): boolean;
  /** It is over. Safe to repeat. */
  close(error: string): void;
}
