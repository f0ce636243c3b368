/**
 * Names of the objects the operator makes, all derived from their owner, so that a stale cache cannot make two. Here so
 * that the operator makes and validation judges the same names.
 */
export const childName = {
  poolKeys: (pool: string): string => `clrk-pool-keys-${pool}`,
  poolWorkers: (pool: string): string => `${pool}-workers`,
  poolRole: (pool: string): string => `clrk-worker-${pool}`,
  gateway: (gateway: string): string => `clrk-egress-${gateway}`,
  gatewayCa: (gateway: string): string => `clrk-egressgateway-ca-${gateway}`,
  revision: (agent: string, generation: number): string => `${agent}-${String(generation).padStart(5, '0')}`,
  agentService: (agent: string): string => `clrk-${agent}`,
} as const;
