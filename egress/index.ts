/** The one door of `egress/`: the gateway role, and its core for tests and benches. */
export { runEgress } from './run-egress.ts';
export { runEgressProcess } from './processes/run-member.ts';
export { GatewayCore } from './session/gateway-core.ts';
export { type GatewayOptions } from './session/gateway-options.ts';
export { acceptedEvents, followingStates } from './session/exchange-state.ts';
export { createSnapshot, type Snapshot } from './snapshot.ts';
export { createLeafIssuer } from './tls/leaf-issuer.ts';
export type { Peer } from './pipeline/call.ts';
export { GatewayMetrics } from './metrics.ts';
