/**
 * A policy as it stands at one destination of one agent: what is denied there, which rules take which calls, where those go
 * and with which secret. The gateway decides each call by it and reach describes it, so that they cannot differ. Pure;
 * computed once a destination, not once a call.
 */
import {
  decideDestination,
  providerOfHost,
  type CallLimit,
  type Destination,
  type DestinationRule,
  type DestinationVerdict,
  type LoggingRule,
  type Provider,
} from '../contract/index.ts';
import type { AskingRule } from './approval.ts';
import { isAudited } from './audit.ts';
import { denyAnswer, refuse, type Refusal, type Site } from './call.ts';
import { denialsAt, type DenialClause } from './denial.ts';
import { httpClauses } from './http-clause.ts';
import { l4Targets, relayWays, type RelayWay } from './l4-way.ts';
import { governedBy, planMcp, type McpPlan } from './mcp/plan.ts';
import { parseOpener, type Opener } from './opener.ts';
import type { PolicyIndex } from './policy-index.ts';
import {
  coursesOf,
  providerClauses,
  wayOf,
  type ClauseOrigin,
  type CourseWays,
  type RouteClause,
  type Way,
} from './provider-clause.ts';

export interface ShutPlan {
  readonly kind: 'shut';
  readonly refusal: Refusal;
}

/** The ways of calls that no rule of an AIProviderRoute or an EgressHTTPRoute takes. */
export interface OtherWays {
  readonly ways: readonly Way[];
  /** In place of `ways`, of what an MCPRoute sends somewhere else. */
  readonly courses: readonly CourseWays[];
}

export interface OpenPlan {
  readonly kind: 'open';
  readonly site: Site;
  /** undefined: the gateway's allow-all. */
  readonly opener: Opener | undefined;
  readonly logging: LoggingRule | undefined;
  /** What is decided here depends on the path, so it is judged and sent on in its canonical form. */
  readonly readsPath: boolean;
  /** A rule asks for header fields, so nothing may come as a trailer that the head could not say. */
  readonly readsFields: boolean;
  /** Whose host it is. */
  readonly provider: Provider | undefined;
  readonly denials: readonly DenialClause[];
  /** undefined: no MCPRoute governs the host. */
  readonly mcp: McpPlan | undefined;
  /** In order; the first that takes a call decides. */
  readonly clauses: readonly RouteClause[];
  /** Calls no clause takes; undefined: refused. */
  readonly otherwise: OtherWays | undefined;
  /** Calls no clause takes pass only because the gateway audits: without a key, and recorded as what would be denied. */
  readonly audited: boolean;
  /** The same of bytes nobody reads. */
  readonly relayAudited: boolean;
  /** The gateway, where no route opens the site and a person decides about each call; none of them carries a key. */
  readonly asking: AskingRule | undefined;
  /** How many of these pass, by the L4 rule that opens the site. */
  readonly callLimits: readonly CallLimit[];
  /** How many connections pass of bytes nobody reads, by the L4 rule that opens the site to them. */
  readonly relayLimits: readonly CallLimit[];
  /** Who gets a copy of their records, by the same rule; undefined: nobody besides who gets every record. */
  readonly relaySinks: readonly string[] | undefined;
  /** Why bytes nobody reads do not go there; undefined: they do. */
  readonly relayRefusal: Refusal | undefined;
  /** Which of these such bytes go, by weight; empty: no Backend is left. */
  readonly relayWays: readonly RelayWay[];
}

export type SitePlan = ShutPlan | OpenPlan;

function destinationOf({ agent, hostname, ip, port }: Site): Destination {
  return hostname === undefined ? { agent, port, ip: ip ?? '' } : { agent, port, hostname };
}

/** The rule that opens the site; undefined: the gateway's allow-all. */
function judgeSite(
  index: PolicyIndex,
  site: Site,
): Refusal | { readonly rule: DestinationRule | undefined; readonly asks: boolean } {
  const verdict = decideDestination(index.destinations, destinationOf(site));
  if (verdict.open) return { rule: verdict.rule, asks: verdict.asks === true };
  if (verdict.denial !== undefined) {
    const message = 'an EgressDenyPolicy denies this destination';
    return { ...refuse(403, 'deny_policy', message), policy: verdict.denial.policy };
  }
  return refuse(403, verdict.reason, 'no route of the egress gateway opens this destination');
}

/** Bytes nobody can read cannot be told apart, so they go to no host of which some calls are denied or judged. */
function judgeRelay(
  index: PolicyIndex,
  site: Site,
  { isOpen, denials }: { readonly isOpen: boolean; readonly denials: readonly DenialClause[] },
): Refusal | undefined {
  if (!isOpen) {
    return refuse(403, 'protocol', 'only an EgressL4Route opens a destination to bytes that are not HTTP');
  }
  const [denial] = denials;
  if (denial !== undefined) return denyAnswer(denial.answer);
  return governedBy(index.mcpRoutes, site.hostname).length === 0
    ? undefined
    : refuse(403, 'protocol', 'an MCPRoute governs this host: its calls must be readable');
}

/** Of the rule that opens the site as a policy has it. */
function limitsOf(verdict: DestinationVerdict): readonly CallLimit[] {
  return verdict.open ? (verdict.rule?.limits ?? []) : [];
}

function sinksOf(verdict: DestinationVerdict): readonly string[] | undefined {
  return verdict.open ? verdict.rule?.logging?.sinks : undefined;
}

function otherWays(
  index: PolicyIndex,
  site: Site,
  { rule, ...origin }: ClauseOrigin & { readonly rule: DestinationRule | undefined },
): OtherWays {
  const by = { site, opener: origin.opener, route: undefined };
  return {
    ways: l4Targets(rule, site).map((to) => wayOf(index, by, to)),
    courses: coursesOf(index, site, origin),
  };
}

/** Nobody wrote down what the gateway alone lets through: without an opener no key goes there. */
function otherCalls(
  index: PolicyIndex,
  site: Site,
  { beside, asks, ...origin }: ClauseOrigin & { readonly beside: DestinationVerdict; readonly asks: boolean },
): Pick<OpenPlan, 'otherwise' | 'audited' | 'asking'> {
  const audited = isAudited(index.besideRules, destinationOf(site));
  const opener = audited ? undefined : origin.opener;
  const rule = beside.open ? beside.rule : undefined;
  const { namespace, name } = index.policy.gateway;
  return {
    otherwise: asks || beside.open ? otherWays(index, site, { ...origin, rule, opener }) : undefined,
    audited,
    asking: asks ? { kind: 'EgressGateway', namespace, name } : undefined,
  };
}

export function computePlan(index: PolicyIndex, site: Site): SitePlan {
  const open = judgeSite(index, site);
  if ('kind' in open) return { kind: 'shut', refusal: open };
  const opener = open.rule === undefined ? undefined : parseOpener(open.rule.route);
  const { hostname } = site;
  const denials = denialsAt(index, site);
  const beside = decideDestination(index.besideRules, destinationOf(site));
  const unread = decideDestination(index.unread, destinationOf(site));
  const provider = hostname === undefined ? undefined : providerOfHost(hostname);
  const mcp = planMcp(index, site);
  const origin = { opener, mcp };
  const clauses = [...providerClauses(index, site, origin), ...httpClauses(index, site, origin)];
  const readsFields = [...clauses, ...denials].some(({ http }) =>
    http.some(({ written }) => written.headers.length > 0),
  );
  return {
    kind: 'open',
    site,
    opener,
    logging: open.rule?.logging,
    readsPath:
      open.asks || provider !== undefined || mcp !== undefined || denials.length > 0 || clauses.length > 0,
    readsFields,
    provider,
    denials,
    mcp,
    clauses,
    ...otherCalls(index, site, { opener, mcp, beside, asks: open.asks }),
    relayAudited: isAudited(index.unread, destinationOf(site)),
    callLimits: limitsOf(beside),
    relayLimits: limitsOf(unread),
    relaySinks: sinksOf(unread),
    relayRefusal: judgeRelay(index, site, { isOpen: unread.open, denials }),
    relayWays: relayWays(index, site, unread),
  };
}
