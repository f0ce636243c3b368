/** What a gateway's container may use, how many processes serve in it, and whether they can: one for each whole processor it is limited to. Pure. */
import { parseQuantity } from './quantity.ts';

type Amounts = Readonly<Record<string, string | number>>;

/** As `EgressGateway.spec.resources`. */
export interface WrittenResources {
  readonly requests?: Amounts | undefined;
  readonly limits?: Amounts | undefined;
}

export interface ContainerResources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

// Measured: 133 MB with 1,000 idle connections (docs/benchmarks/gateway.md); bodies under way and their buffers come on top.
const requestedMib = 192;
const limitMib = 1_024;
const mib = 2 ** 20;

function amountOf(amounts: Amounts | undefined, name: string): number | undefined {
  const written = amounts?.[name];
  return written === undefined ? undefined : parseQuantity(String(written));
}

/** Without a limit nobody knows how many processors are its own: then one. The gateway starts no more than its node has. */
export function gatewayProcesses(written: WrittenResources = {}): number {
  return Math.min(9_999, Math.max(1, Math.floor(amountOf(written.limits, 'cpu') ?? 1)));
}

/** What is said of a resource is all that is said of it; memory that nobody speaks of grows with the processes. */
export function gatewayResources(written: WrittenResources = {}): ContainerResources {
  const { requests = {}, limits = {} } = written;
  const processes = gatewayProcesses(written);
  const isSaid = (name: string): boolean => name in requests || name in limits;
  const memory = (each: number): Amounts => (isSaid('memory') ? {} : { memory: inUnits(each * processes) });
  return {
    requests: { ...(isSaid('cpu') ? {} : { cpu: '100m' }), ...memory(requestedMib), ...requests },
    limits: { ...memory(limitMib), ...limits },
  };
}

/** Why no container can be started with them, or none that serves; undefined: one can. */
export function faultOfGatewayResources(written: WrittenResources): string | undefined {
  const { requests, limits } = gatewayResources(written);
  for (const name of Object.keys(requests)) {
    const [asked, most] = [amountOf(requests, name), amountOf(limits, name)];
    if (asked !== undefined && most !== undefined && asked > most) {
      return `requests.${name} ${String(requests[name])} is more than limits.${name} ${String(limits[name])}: Kubernetes refuses such a container`;
    }
  }
  const processes = gatewayProcesses(written);
  const memory = amountOf(limits, 'memory');
  if (memory === undefined || memory >= processes * requestedMib * mib) return undefined;
  const serving = processes === 1 ? 'its process needs' : `its ${processes} processes need`;
  return `limits.memory ${String(limits['memory'])} is too little: ${serving} ${inUnits(processes * requestedMib)}, and are ended for taking it`;
}

function inUnits(amount: number): string {
  return amount % 1_024 === 0 ? `${amount / 1_024}Gi` : `${amount}Mi`;
}
