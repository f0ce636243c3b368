/** Would a new config have let a call under way pass as it is (S36)? Pure. Its body is gone, so MCP rules must be the same. */
import type { GatewayConfig } from '../../contract/index.ts';
import type { Call } from './call.ts';
import { computeInjection, type Injection } from './credential.ts';
import { sameMcp } from './mcp.ts';
import { routeCall } from './route.ts';

export function stillAllowed(
  before: GatewayConfig,
  after: GatewayConfig,
  call: Call,
  injected: Injection | undefined,
): boolean {
  const route = routeCall(after, call, true);
  if (route.kind !== 'route' || !sameMcp(before, after, call.peer.hostname)) return false;
  return JSON.stringify(computeInjection(after, call, route)) === JSON.stringify(injected);
}
