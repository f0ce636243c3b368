/** Who connected and to what: fixed for a connection, from the identity frame only. */
import type { AgentRef, Hostname } from '../../contract/index.ts';
import type { Site } from '../../decision/index.ts';

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

export function siteOf({ agentId, hostname, ip, port }: Peer, tls: boolean): Site {
  return { agent: agentId, hostname, ip: hostname === undefined ? ip : undefined, port, tls };
}
