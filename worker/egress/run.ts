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

export class Run implements RunIdentity {
  readonly invocationId: string;
  readonly traceparent: string;
  /** Of the agent and of gateways, joined or on their way to it. */
  readonly sockets = new Set<Socket>();
  /** Refusals already recorded that need no second record (DNS questions repeat themselves). */
  readonly recorded = new Set<string>();
  suppressedRecords = 0;

  constructor(identity: RunIdentity) {
    this.invocationId = identity.invocationId;
    this.traceparent = identity.traceparent;
  }

  /** Ends every connection. */
  reset(): void {
    // Reset: a clean end would look to the gateway like an agent that has asked and waits for the answer.
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
  }
}
