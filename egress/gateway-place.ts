/** Who a gateway's pod is, and where it says so. Pure. */
import { environment as variable, statusKey } from '../contract/index.ts';
import { requireVariable, type Environment } from '../process/index.ts';

export interface GatewayPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly gateway: string;
}

export function placeOf(environment: Environment): GatewayPlace {
  return {
    namespace: requireVariable(environment, variable.podNamespace),
    pod: requireVariable(environment, variable.podName),
    gateway: requireVariable(environment, variable.gatewayName),
  };
}

export function keyOfPlace({ namespace, gateway, pod }: GatewayPlace): string {
  return statusKey.gateway(namespace, gateway, pod);
}
