/**
 * Through which of an agent's gateways does a connection go? The worker asks it of every connection, and `policy/` asks it for
 * reach, so that they cannot differ. Pure. No gateway, no opening.
 */
import type { DenyReason } from './deny-reason.ts';
import { decideDestination, type DestinationPolicy } from './destination-policy.ts';
import type { Hostname } from './hostname.ts';
import type { PoolGateway } from './pool-config.ts';

export interface Dialled {
  readonly ip: string;
  readonly port: number;
  /** The name `ip` was handed out for; absent: an IP literal, which only CIDR rules open. */
  readonly hostname: Hostname | undefined;
}

export type ConnectionVerdict<G = PoolGateway> =
  { readonly open: true; readonly gateway: G } | { readonly open: false; readonly reason: DenyReason };

/** The first gateway that opens it; where none does, the first that asks a person. Refused by all: the first one's reason. */
export function decideConnection<G extends { readonly destinations: DestinationPolicy }>(
  gateways: readonly G[],
  agentId: string,
  dialled: Dialled,
): ConnectionVerdict<G> {
  let reason: DenyReason = 'no_gateway';
  let asking: G | undefined;
  for (const [index, gateway] of gateways.entries()) {
    const { ip, port, hostname } = dialled;
    const destination =
      hostname === undefined ? { agent: agentId, ip, port } : { agent: agentId, hostname, port };
    const verdict = decideDestination(gateway.destinations, destination);
    if (verdict.open && verdict.asks !== true) return { open: true, gateway };
    if (verdict.open) asking ??= gateway;
    else if (index === 0) reason = verdict.reason;
  }
  return asking === undefined ? { open: false, reason } : { open: true, gateway: asking };
}
