/**
 * May this agent reach this, and through which gateway? Pure, over the gateways of the config now in force. The
 * gateway asks the same function again: here it decides what a sandbox is answered at once. No gateway, no opening.
 */
import { decideDestination, type Hostname, type PoolGateway } from '../../contract/index.ts';
import type { NameVerdict } from '../dns/dns-answer.ts';
import type { Occupant } from './occupant.ts';

/** The gateways of an agent, in order; empty when it has none or is gone from the config. */
export type AgentGateways = (agentId: string) => readonly PoolGateway[];

/** For DNS: is there any port on which one of the gateways opens this name? */
export function decideName(
  gateways: readonly PoolGateway[],
  occupant: Pick<Occupant, 'agentId' | 'names'>,
  hostname: Hostname,
): NameVerdict {
  const open = gateways.some(
    (gateway) => decideDestination(gateway.destinations, { agent: occupant.agentId, hostname }).open,
  );
  if (!open) return { open: false, reason: 'dns_policy' };
  const address = occupant.names.addressOf(hostname);
  return address === undefined ? { open: false, reason: 'limit' } : { open: true, address };
}

export { decideConnection, type ConnectionVerdict, type Dialled } from '../../contract/index.ts';
