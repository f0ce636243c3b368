/** Which MCPRoutes govern a host, on every port of it. Apart because credentials, relays and calls all ask. */
import {
  matchesHostname,
  parseHostname,
  parseHostnamePattern,
  type GatewayConfig,
  type HostnamePattern,
  type McpRoute,
} from '../../contract/index.ts';

const parsed = new WeakMap<McpRoute, readonly HostnamePattern[]>();

function patternsOf(route: McpRoute): readonly HostnamePattern[] {
  const known = parsed.get(route);
  if (known !== undefined) return known;
  const fresh = route.hostnames.map(parseHostnamePattern).filter((each) => each !== undefined);
  parsed.set(route, fresh);
  return fresh;
}

export function governingRoutes(config: GatewayConfig, host: string | undefined): readonly McpRoute[] {
  const routes = config.mcpRoutes ?? [];
  const hostname = host === undefined || routes.length === 0 ? undefined : parseHostname(host);
  if (hostname === undefined) return [];
  return routes.filter((route) => patternsOf(route).some((pattern) => matchesHostname(pattern, hostname)));
}
