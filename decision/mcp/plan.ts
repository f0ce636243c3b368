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

/**
 * Where the messages of some rules go: rules of one route that name the same Backends send there together. As a text, so that two of
 * them compare.
 */
export type McpCourse = string;

/** A rule with those of its matches that are about the host. */
export interface McpClause {
  readonly route: McpRoute['route'];
  readonly compiled: CompiledMcpRule;
  readonly matches: readonly CompiledMatch[];
  readonly toolPolicies: readonly CompiledToolPolicy[];
  /** It takes every call to this host, readable or not. */
  readonly takesAll: boolean;
  /** To where it sends what it takes; undefined: to where the agent sent it. */
  readonly course: McpCourse | undefined;
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
  /** Where what no clause takes goes, and what holds no message: a session lives at one server. */
  readonly othersCourse: McpCourse | undefined;
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
      course: courseOf(route, compiled),
    };
  });
}

function courseOf({ route }: McpRoute, { rule: { backends } }: CompiledMcpRule): McpCourse | undefined {
  return backends === undefined ? undefined : JSON.stringify([route.namespace, route.name, backends]);
}

/** With the rule that takes everything, else with all of them where they go one way; undefined: where the agent sent them. */
export function courseOfOthers(
  clauses: ReadonlyArray<Pick<McpClause, 'takesAll' | 'course'>>,
): McpCourse | undefined {
  const every = clauses.find(({ takesAll }) => takesAll);
  if (every !== undefined) return every.course;
  const [course, ...more] = new Set(clauses.map((clause) => clause.course));
  return more.length === 0 ? course : undefined;
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
  const clauses = live.flatMap((each) => clausesOf(each, hostname));
  const isOpenAnyway = live.length === 0 && decideDestination(index.unread, { agent, hostname, port }).open;
  return {
    routes: governing.map(({ route }) => route),
    denied: whole?.route.denial,
    denials: denying.flatMap((each) => {
      const answer = each.route.denial;
      return answer === undefined ? [] : clausesOf(each, hostname).map((clause) => ({ ...clause, answer }));
    }),
    clauses,
    othersCourse: courseOfOthers(clauses),
    deniedRequests: [...new Set(live.flatMap(({ route }) => route.deniedServerRequests ?? []))].sort(),
    othersPass: isOpenAnyway || live.some(({ rules }) => rules.length === 0),
  };
}
