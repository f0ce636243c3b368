/**
 * One request of an agent as the pipeline's stages see it. Plain data, so that every stage is a function from a call to
 * a decision and a test is a table. It holds no body bytes and no injected secret.
 */
import type { AgentRef, DenyReason, Hostname, Provider } from '../../contract/index.ts';
import type { Field } from '../http1/index.ts';

/** Who connected and to what: fixed for a connection, from the identity frame only. */
export interface Peer {
  readonly agent: AgentRef;
  /** `TaskAgent/ns/name`. */
  readonly agentId: string;
  readonly uid: string;
  readonly revision: string;
  readonly invocationId: string;
  readonly traceparent: string | undefined;
  /** The name the worker handed out; undefined: the agent dialled an IP literal. */
  readonly hostname: Hostname | undefined;
  readonly ip: string;
  readonly port: number;
}

export interface Call {
  readonly peer: Peer;
  readonly tls: boolean;
  readonly method: string;
  /** With query. */
  readonly target: string;
  /** Without query. */
  readonly path: string;
  readonly fields: readonly Field[];
  readonly provider: Provider | undefined;
  /** From the path or the body; undefined: not known (yet). */
  readonly model: string | undefined;
}

export interface Refusal {
  readonly kind: 'refuse';
  readonly status: number;
  readonly reason: DenyReason;
  /** Stable code; absent: the usual one of the reason. */
  readonly code?: string;
  /** For the agent: what and what to do. */
  readonly message: string;
  /** The EgressDenyPolicy that refused it, `ns/name`. */
  readonly policy?: string;
  /** JSON to answer with; absent: in the provider's schema. */
  readonly body?: string;
}

export function refuse(status: number, reason: DenyReason, message: string): Refusal {
  return { kind: 'refuse', status, reason, message };
}
