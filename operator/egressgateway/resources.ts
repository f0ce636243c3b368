/** What a gateway's container may use, and how many processes serve in it: one for each whole processor it is limited to. Pure. */
import { parseQuantity } from '../../api/index.ts';
import type { EgressGateway } from '../kind.ts';

type Amounts = Readonly<Record<string, string | number>>;

export interface ContainerResources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

// Measured: 126 MB with 1,000 idle connections (docs/benchmarks/gateway.md); bodies under way and their buffers come on top.
const requestedMib = 192;
const limitMib = 1_024;

/** Without a limit nobody knows how many processors are its own: then one. The gateway starts no more than its node has. */
export function gatewayProcesses({ spec }: EgressGateway): number {
  const cpu = spec.resources?.limits?.['cpu'];
  const processors = cpu === undefined ? undefined : parseQuantity(String(cpu));
  return Math.min(9_999, Math.max(1, Math.floor(processors ?? 1)));
}

/** What is said of a resource is all that is said of it; memory that nobody speaks of grows with the processes. */
export function gatewayResources(gateway: EgressGateway): ContainerResources {
  const { requests = {}, limits = {} } = gateway.spec.resources ?? {};
  const processes = gatewayProcesses(gateway);
  const isSaid = (name: string): boolean => name in requests || name in limits;
  const memory = (mib: number): Amounts => (isSaid('memory') ? {} : { memory: inUnits(mib * processes) });
  return {
    requests: { ...(isSaid('cpu') ? {} : { cpu: '100m' }), ...memory(requestedMib), ...requests },
    limits: { ...memory(limitMib), ...limits },
  };
}

function inUnits(mib: number): string {
  return mib % 1_024 === 0 ? `${mib / 1_024}Gi` : `${mib}Mi`;
}
