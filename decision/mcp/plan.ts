/** MCPRoutes as they stand at one host: which govern it, what they deny, which of their rules take its calls. Pure. */
import {
  decideDestination,
  type DenyAnswer,
  type DestinationPolicy,
  type Hostname,
  type McpRoute,
  type ServerRequest,
} from '../../contract/index.ts';
import type { Site } from '../call.ts';
import {
  isAmong,
  type CompiledMatch,
  type CompiledMcpRoute,
  type CompiledMcpRule,
  type CompiledToolPolicy,
} from './compiled-route.ts';

/** A rule with those of its matches that are about the host. */
export interface McpClause {
  readonly route: McpRoute['route'];
  readonly compiled: CompiledMcpRule;
  readonly matches: readonly CompiledMatch[];
  readonly toolPolicies: readonly CompiledToolPolicy[];
  /** It takes every call to this host, readable or not. */
  readonly takesAll: boolean;
}

export interface McpDenialClause extends McpClause {
  readonly answer: DenyAnswer;
}

export interface McpPlan {
  /** The routes that govern the host. */
  readonly routes: readonly McpRoute[];
  /** An EgressDenyPolicy takes the whole host. */
  readonly denied: DenyAnswer | undefined;
  readonly denials: readonly McpDenialClause[];
  /** In order; the first that takes a call judges it. */
  readonly clauses: readonly McpClause[];
  /** Calls that no clause takes pass. */
  readonly othersPass: boolean;
  /** What the servers may not ask of the agent, by any of the routes. */
  readonly deniedRequests: readonly ServerRequest[];
}

/** The routes that govern a host, on every port of it. */
export function governedBy(
  routes: readonly CompiledMcpRoute[],
  hostname: Hostname | undefined,
): readonly CompiledMcpRoute[] {
  return hostname === undefined ? [] : routes.filter(({ hostnames }) => isAmong(hostnames, hostname));
}

function isEverything({ tools, resources, methods }: CompiledMatch): boolean {
  return tools.isEmpty && resources.texts.length === 0 && methods.texts.length === 0;
}

function clausesOf({ route, rules }: CompiledMcpRoute, hostname: Hostname): McpClause[] {
  return rules.map((compiled) => {
    const matches = compiled.matches.filter(
      ({ everyServer, servers }) => everyServer || isAmong(servers, hostname),
    );
    return {
      route: route.route,
      compiled,
      matches,
      toolPolicies: compiled.toolPolicies,
      takesAll: !compiled.isReadable || matches.some(isEverything),
    };
  });
}

/** What of a policy is about MCP. */
export interface McpPolicy {
  readonly mcpRoutes: readonly CompiledMcpRoute[];
  /** Opened for bytes nobody reads. */
  readonly unread: DestinationPolicy;
}

/** undefined: no route governs the host. */
export function planMcp(index: McpPolicy, { agent, hostname, port }: Site): McpPlan | undefined {
  const governing = governedBy(index.mcpRoutes, hostname);
  if (hostname === undefined || governing.length === 0) return undefined;
  const denying = governing.filter(({ route }) => route.denial !== undefined);
  const live = governing.filter(({ route }) => route.denial === undefined);
  const whole = denying.find(
    (each) => each.rules.length === 0 || clausesOf(each, hostname).some(({ takesAll }) => takesAll),
  );
  const isOpenAnyway = live.length === 0 && decideDestination(index.unread, { agent, hostname, port }).open;
  return {
    routes: governing.map(({ route }) => route),
    denied: whole?.route.denial,
    denials: denying.flatMap((each) => {
      const answer = each.route.denial;
      return answer === undefined ? [] : clausesOf(each, hostname).map((clause) => ({ ...clause, answer }));
    }),
    clauses: live.flatMap((each) => clausesOf(each, hostname)),
    deniedRequests: [...new Set(live.flatMap(({ route }) => route.deniedServerRequests ?? []))].sort(),
    othersPass: isOpenAnyway || live.some(({ rules }) => rules.length === 0),
  };
}
