/**
 * The rules of AIProviderRoutes as they stand at one destination: which calls each takes, where those may go, and with which
 * secret. Pure.
 */
import {
  denialOf,
  type CallLimit,
  type HeaderEdit,
  type LoggingRule,
  parseHostname,
  type RouteBackend,
  type ProviderRule,
  type RouteFallback,
} from '../contract/index.ts';
import { budgetOf, type Budget } from './budget.ts';
import { refuse, type Refusal, type Site, type UpstreamTarget } from './call.ts';
import type { Clause } from './clause.ts';
import { computeCredential, type CredentialPlan } from './credential.ts';
import { denialsAt, type DenialClause } from './denial.ts';
import { governedBy, type McpCourse, type McpPlan } from './mcp/plan.ts';
import type { Opener } from './opener.ts';
import type { PolicyIndex } from './policy-index.ts';
import { clauseOf, isAt } from './rule-scope.ts';

/** One way calls may go. */
export interface Way {
  /** undefined: to where the agent sent it, by no Backend. */
  readonly backend: RouteBackend | undefined;
  readonly target: UpstreamTarget;
  /** Its Backend is of another schema than calls are read as: what goes there is translated (translation.ts). */
  readonly isForeign: boolean;
  readonly credential: CredentialPlan;
  /** Denials at its Backend, judged by the model the Backend is asked for. */
  readonly denials: readonly DenialClause[];
  /** No call goes this way. */
  readonly refusal: Refusal | undefined;
}

/** The ways of messages that rules of MCPRoutes send somewhere else. */
export interface CourseWays {
  readonly course: McpCourse;
  /** By weight; empty: no Backend is left. */
  readonly ways: readonly Way[];
}

/** Calls that a rule of a route takes. */
export interface RouteClause extends Clause {
  readonly route: Opener;
  readonly logging: LoggingRule | undefined;
  /** In the order of the rule. Several: by weight, or one after the other (`fallback`). Empty: no Backend is left. */
  readonly ways: readonly Way[];
  /** In place of `ways`, of what an MCPRoute sends somewhere else. */
  readonly courses: readonly CourseWays[];
  /** undefined: a call goes one way alone. */
  readonly fallback: RouteFallback | undefined;
  /** The rule asks for what this gateway does not do: its calls are refused. */
  readonly limit: Refusal | undefined;
  /** What its calls may use; undefined: as much as they like. */
  readonly budget: Budget | undefined;
  /** How many of its calls pass: all of them hold at once. */
  readonly callLimits: readonly CallLimit[];
  /** A person decides about each of its calls. */
  readonly asksPerson: boolean;
  /** What it changes in the head of its calls and their answers. */
  readonly headers: HeaderEdit | undefined;
}

/** Where each call of a rule may go: to its own host, or to a Backend. */
function targetsOf(
  rule: ProviderRule,
  site: Site,
  { schema, inOrder }: { readonly schema: string | undefined; readonly inOrder: boolean },
): Array<Pick<Way, 'backend' | 'target' | 'isForeign'>> {
  const { hostname, ip, port, tls } = site;
  const ownTarget = (): UpstreamTarget => ({ hostname, ip, port, tls });
  const own = rule.backends.find((backend) => isAt(backend, site));
  if (rule.backends.length === 0 || (own !== undefined && !inOrder)) {
    return [{ backend: own, target: own?.plain === true ? withoutTls(site) : ownTarget(), isForeign: false }];
  }
  return rule.backends.flatMap((backend): Array<Pick<Way, 'backend' | 'target' | 'isForeign'>> => {
    const target = targetAt(backend, site);
    if (backend.weight === 0 || target === undefined) return [];
    return [{ backend, target, isForeign: !isAt(backend, site) && backend.schema !== schema }];
  });
}

function withoutTls({ hostname, ip, port }: Pick<Site, 'hostname' | 'ip' | 'port'>): UpstreamTarget {
  return { hostname, ip, port, tls: false, plain: true };
}

/** undefined: it names no host. */
function targetAt(backend: RouteBackend, site: Site): UpstreamTarget | undefined {
  const { hostname, ip, port, tls } = site;
  const isOwn = isAt(backend, site);
  if (isOwn && backend.plain !== true) return { hostname, ip, port, tls };
  const host = parseHostname(backend.host);
  if (host === undefined) return undefined;
  const there = { hostname: host, ip: undefined, port: backend.port };
  return backend.plain === true ? withoutTls(there) : { ...there, tls: true };
}

interface Origin {
  readonly site: Site;
  readonly opener: Opener | undefined;
  readonly route: Opener | undefined;
}

/** A call that is sent to another host is judged there too. */
export function judgeBackend(index: PolicyIndex, there: Site): Refusal | undefined {
  if (there.hostname === undefined) return undefined;
  const denial = denialOf(index.policy.destinations, {
    agent: there.agent,
    hostname: there.hostname,
    port: there.port,
  });
  if (denial !== undefined) {
    const message = 'an EgressDenyPolicy denies the Backend of this route';
    return { ...refuse(403, 'deny_policy', message), policy: denial.policy };
  }
  return governedBy(index.mcpRoutes, there.hostname).length === 0
    ? undefined
    : refuse(403, 'protocol', 'an MCPRoute governs the Backend of this route: only its own calls go there');
}

export function wayOf(
  index: PolicyIndex,
  origin: Origin,
  to: Pick<Way, 'backend' | 'target' | 'isForeign'>,
): Way {
  const { site } = origin;
  const { backend, target } = to;
  const { via } = target;
  const there: Site = { ...target, ...via, agent: site.agent };
  const isElsewhere = there.hostname !== site.hostname || there.port !== site.port || there.ip !== site.ip;
  const isRenamed = (backend?.modelRewrites.length ?? 0) > 0;
  return {
    ...to,
    credential: computeCredential(index, { ...origin, backend, target }),
    denials: isElsewhere || isRenamed ? denialsAt(index, there) : [],
    refusal: isElsewhere ? judgeBackend(index, there) : undefined,
  };
}

/** Of its own for each rule that takes calls: who asks which one did is told by the way. */
export function coursesOf(
  index: PolicyIndex,
  site: Site,
  { mcp, opener }: { readonly mcp: McpPlan | undefined; readonly opener: Opener | undefined },
): CourseWays[] {
  const clauses = new Map((mcp?.clauses ?? []).map((clause) => [clause.course, clause]));
  return [...clauses].flatMap(([course, { route: name, compiled }]): CourseWays[] => {
    if (course === undefined) return [];
    const route: Opener = { kind: 'MCPRoute', ...name };
    const { backends = [] } = compiled.rule;
    const ways = backends.flatMap((backend): Way[] => {
      const target = targetAt(backend, site);
      if (backend.weight === 0 || target === undefined) return [];
      return [wayOf(index, { site, opener, route }, { backend, target, isForeign: false })];
    });
    return [{ course, ways }];
  });
}

/** A limit that nobody counts is worse than a refusal. */
function limitOf({ filters }: ProviderRule): Refusal | undefined {
  const unsupported = filters.find((filter) => filter.type === 'Unsupported');
  return unsupported === undefined
    ? undefined
    : refuse(503, 'limit', `this route cannot be carried out by the gateway: ${unsupported.what}`);
}

export interface ClauseOrigin {
  readonly opener: Opener | undefined;
  readonly mcp: McpPlan | undefined;
}

/** In the order the gateway tries them. */
export function providerClauses(
  index: PolicyIndex,
  site: Site,
  { opener, mcp }: ClauseOrigin,
): RouteClause[] {
  const { hostname, agent, port } = site;
  if (hostname === undefined) return [];
  return index.policy.providerRoutes.flatMap(({ route: name, rules, fallback }) => {
    const route: Opener = { kind: 'AIProviderRoute', ...name };
    // What another route opened is not this route's to key or to limit (S39).
    if (!index.opens(route, { agent, hostname, port })) return [];
    return rules.flatMap((rule): RouteClause[] => {
      const clause = clauseOf(rule, site, 'allow');
      if (clause === undefined) return [];
      const { schema } = clause;
      const ways = targetsOf(rule, site, { schema, inOrder: fallback !== undefined }).map((to) =>
        wayOf(index, { site, opener, route }, to),
      );
      const { logging, limits: callLimits = [] } = rule;
      const use = { limit: limitOf(rule), budget: budgetOf(rule), callLimits };
      return [
        {
          ...clause,
          route,
          logging,
          ways,
          courses: coursesOf(index, site, { mcp, opener }),
          fallback,
          ...use,
          headers: undefined,
          asksPerson: rule.approval === true,
        },
      ];
    });
  });
}
