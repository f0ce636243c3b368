/** MCPRoutes as they stand for one host: which govern it, whether one denies all of it, what they come to. */
import {
  matchesHostname,
  parseHostnamePattern,
  type Hostname,
  type McpMatch,
  type McpRoute,
} from '../../contract/index.ts';
import type { McpAccess, Site } from './outcome.ts';

function isAmong(patterns: readonly string[], hostname: Hostname): boolean {
  return patterns.some((text) => {
    const pattern = parseHostnamePattern(text);
    return pattern !== undefined && matchesHostname(pattern, hostname);
  });
}

/** On every port: a governed host is governed whatever opened it. */
export function governingRoutes({ gateway, destination: { hostname } }: Site): McpRoute[] {
  const routes = gateway.document.mcpRoutes ?? [];
  return hostname === undefined ? [] : routes.filter(({ hostnames }) => isAmong(hostnames, hostname));
}

/** A denial without rules, or with a rule that is about every call to this host. */
export function deniesAll({ denial, rules }: McpRoute, hostname: Hostname | undefined): boolean {
  if (denial === undefined || hostname === undefined) return false;
  const isEverything = ({ servers, tools, toolsRegex, resources, methods }: McpMatch): boolean =>
    (servers.length === 0 || isAmong(servers, hostname)) &&
    [tools, toolsRegex, resources, methods].every((list) => list.length === 0);
  return rules.length === 0 || rules.some(({ matches }) => matches.some(isEverything));
}

/** What the routes say of calls, without their own names and what becomes of records. */
export function mcpEssence(mcp: McpAccess | undefined): string {
  if (mcp === undefined) return '';
  const rules = mcp.routes.map((route) => [
    route.denial !== undefined,
    route.rules.map(({ matches, toolPolicies, unsupported }) => [matches, toolPolicies, unsupported]),
  ]);
  return JSON.stringify([mcp.othersPass, rules]);
}
