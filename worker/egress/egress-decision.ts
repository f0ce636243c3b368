/**
 * May this agent reach this, and through which gateway? Pure, over the gateways of the config now in force. The
 * gateway asks the same function again: here it decides what a sandbox is answered at once. No gateway, no opening.
 */
import { decideDestination, type DenyReason, type Hostname, type PoolGateway } from '../../contract/index.ts';
import type { NameVerdict } from '../dns/dns-answer.ts';
import type { Tenant } from './tenancy.ts';

/** The gateways of an agent, in order; empty when it has none or is gone from the config. */
export type AgentGateways = (agentId: string) => readonly PoolGateway[];

/** For DNS: is there any port on which one of the gateways opens this name? */
export function decideName(
  gateways: readonly PoolGateway[],
  tenant: Pick<Tenant, 'agentId' | 'names'>,
  hostname: Hostname,
): NameVerdict {
  const open = gateways.some(
    (gateway) => decideDestination(gateway.destinations, { agent: tenant.agentId, hostname }).open,
  );
  if (!open) return { open: false, reason: 'dns_policy' };
  const address = tenant.names.addressOf(hostname);
  return address === undefined ? { open: false, reason: 'limit' } : { open: true, address };
}

export interface Dialled {
  readonly ip: string;
  readonly port: number;
  /** The name `ip` was handed out for; absent: an IP literal, which only CIDR rules open. */
  readonly hostname: Hostname | undefined;
}

export type ConnectionVerdict =
  | { readonly open: true; readonly gateway: PoolGateway }
  | { readonly open: false; readonly reason: DenyReason };

/** The first gateway that opens it. Refused by all: the first one's reason. */
export function decideConnection(
  gateways: readonly PoolGateway[],
  agentId: string,
  dialled: Dialled,
): ConnectionVerdict {
  let reason: DenyReason = 'no_gateway';
  for (const [index, gateway] of gateways.entries()) {
    const { ip, port, hostname } = dialled;
    const destination =
      hostname === undefined ? { agent: agentId, ip, port } : { agent: agentId, hostname, port };
    const verdict = decideDestination(gateway.destinations, destination);
    if (verdict.open) return { open: true, gateway };
    if (index === 0) reason = verdict.reason;
  }
  return { open: false, reason };
}
