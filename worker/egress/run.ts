/**
 * What an occupant works for now: an invocation with a request, a firing of a schedule, a daemon's life. What leaves the
 * sandbox is the run's: its connections, its records. It must never outlive its end: what it opened is reset then.
 */
import type { Socket } from 'node:net';

export interface RunIdentity {
  readonly invocationId: string;
  /** Of the sandbox.invoke span: parent of every outbound call. */
  readonly traceparent: string;
}

/** Bounds the records of what was refused: to a run, or to an occupant that had none. */
export interface RefusalTally {
  /** Refusals already recorded that need no second record (DNS questions repeat themselves). */
  readonly recorded: Set<string>;
  suppressedRecords: number;
}

export class Run implements RunIdentity, RefusalTally {
  readonly invocationId: string;
  readonly traceparent: string;
  /** Of the agent and of gateways, joined or on their way to it. */
  readonly sockets = new Set<Socket>();
  readonly recorded = new Set<string>();
  suppressedRecords = 0;
  #ended = false;

  constructor(identity: RunIdentity) {
    this.invocationId = identity.invocationId;
    this.traceparent = identity.traceparent;
  }

  /** Nothing may be opened for it any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Ends it and every connection of it. */
  end(): void {
    this.#ended = true;
    // Reset: a clean end would look to the gateway like an agent that has asked and waits for the answer.
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
  }
}
