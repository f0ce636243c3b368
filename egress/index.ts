/** The one door of `egress/`: the gateway role, and its core for tests and benches. */
export { runEgress } from './run-egress.ts';
export { GatewayCore, type GatewayOptions } from './session/gateway-core.ts';
export { createSnapshot, type Snapshot } from './snapshot.ts';
export { createLeafIssuer } from './tls/leaf-issuer.ts';
export type { Call, Peer } from './pipeline/call.ts';
export { judgeRelay } from './pipeline/deny.ts';
export { judgeMcp, type McpVerdict } from './pipeline/mcp.ts';
export { routeCall } from './pipeline/route.ts';
export { GatewayMetrics } from './metrics.ts';
