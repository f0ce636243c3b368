/** Who is at the other end of a connection, from its identity frame. Apart because it is the one place where a frame becomes a peer. */
import { agentId, parseHostname, type DenyReason, type IdentityFrame } from '../../contract/index.ts';
import type { Peer } from '../pipeline/call.ts';
import type { Snapshot } from '../snapshot.ts';

/** undefined: the frame names a host that is none. */
export function createPeer(frame: IdentityFrame): Peer | undefined {
  const hostname = frame.hostname === undefined ? undefined : parseHostname(frame.hostname);
  if (frame.hostname !== undefined && hostname === undefined) return undefined;
  const agent = { kind: frame.agentKind, namespace: frame.namespace, name: frame.name };
  return {
    agent,
    agentId: agentId(agent),
    uid: frame.uid,
    revision: frame.revision,
    invocationId: frame.invocationId,
    traceparent: frame.traceparent,
    hostname,
    ip: frame.destination.ip,
    port: frame.destination.port,
  };
}

/** S16: the name in the ClientHello is the name the worker handed out, or there is none of either. */
export function judgeServerName(serverName: string | undefined, peer: Peer): DenyReason | undefined {
  if (serverName === undefined) return peer.hostname === undefined ? undefined : 'sni_missing';
  return peer.hostname !== undefined && parseHostname(serverName) === peer.hostname
    ? undefined
    : 'sni_mismatch';
}

/** Who signed a connection's frame, and with what. */
export interface Signer {
  readonly pool: string;
  readonly key: Uint8Array;
}

export function signerOf({ pool }: IdentityFrame, { framePeers }: Snapshot): Signer | undefined {
  const known = framePeers.get(pool);
  return known === undefined ? undefined : { pool, key: known.key };
}

/** Does the pool still hold the key it signed with, and speak for the agent (S36)? */
export function isTrusted(
  signer: Signer | undefined,
  { framePeers }: Snapshot,
  { agentId: id }: Peer,
): boolean {
  const known = signer === undefined ? undefined : framePeers.get(signer.pool);
  if (signer === undefined || known === undefined || !known.agents.has(id)) return false;
  return Buffer.compare(signer.key, known.key) === 0;
}
