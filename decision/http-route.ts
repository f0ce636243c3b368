/** EgressHTTPRoutes read once, when the policy comes: their rules, and where a denial is about them. Pure. */
import {
  providerOfHost,
  type CallLimit,
  type DenyAnswer,
  type DestinationPolicy,
  type HeaderEdit,
  type HttpRoute,
  type HttpRule,
  type LoggingRule,
} from '../contract/index.ts';
import { refuse, type Refusal, type Site } from './call.ts';
import type { Clause, Purpose } from './clause.ts';
import { operationTable } from './operation/index.ts';
import type { Opener } from './opener.ts';
import { judgeHeaderEdit } from './http/header-edit.ts';
import { compileHttpMatch, type CompiledHttpMatch } from './http/match.ts';

export interface CompiledHttpRoute {
  readonly route: Opener;
  readonly denial: { readonly answer: DenyAnswer; readonly at: DestinationPolicy } | undefined;
  readonly rules: ReadonlyArray<{
    readonly matches: readonly CompiledHttpMatch[];
    readonly limit: Refusal | undefined;
    readonly logging: LoggingRule | undefined;
    readonly callLimits: readonly CallLimit[];
    readonly asksPerson: boolean;
    readonly headers: HeaderEdit | undefined;
  }>;
}

type CompiledHttpRule = CompiledHttpRoute['rules'][number];

function compileRule(rule: HttpRule): CompiledHttpRule {
  const { matches, unsupported, logging, limits = [], approval, headers } = rule;
  // What compiled it may be another version than this.
  const what = unsupported[0] ?? (headers && judgeHeaderEdit(headers));
  return {
    matches: matches.map(compileHttpMatch),
    limit:
      what === undefined
        ? undefined
        : refuse(503, 'limit', `this route cannot be carried out by the gateway: ${what}`),
    logging,
    callLimits: limits,
    asksPerson: approval === true,
    headers,
  };
}

function mannerOf({ limit, logging, callLimits, asksPerson, headers }: CompiledHttpRule): string {
  return JSON.stringify([limit, logging, callLimits, asksPerson, headers]);
}

/** Rules of which nothing but the calls differs are one: in which of them a call is makes no difference to it. */
function joinRules(rules: readonly CompiledHttpRule[]): CompiledHttpRule[] {
  const joined: CompiledHttpRule[] = [];
  for (const rule of rules) {
    const before = joined.at(-1);
    const isAlike = before !== undefined && mannerOf(before) === mannerOf(rule);
    if (isAlike) joined[joined.length - 1] = { ...before, matches: [...before.matches, ...rule.matches] };
    else joined.push(rule);
  }
  return joined;
}

/** Read once, when the policy comes. */
export function compileHttpRoute({ route, rules, denial }: HttpRoute): CompiledHttpRoute {
  return {
    route: { kind: 'EgressHTTPRoute', ...route },
    denial: denial && {
      answer: denial.answer,
      at: { defaultPolicy: 'deny-all', rules: denial.at, platformCidrs: [] },
    },
    rules: joinRules(rules.map(compileRule)),
  };
}

/** Its matches as they stand at a destination. */
export function httpClauseOf(site: Site, http: readonly CompiledHttpMatch[], purpose: Purpose): Clause {
  const schema = site.hostname === undefined ? undefined : providerOfHost(site.hostname);
  return { purpose, matches: [], http, schema, operations: operationTable(schema) };
}
