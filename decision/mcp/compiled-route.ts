/**
 * MCPRoutes with their patterns read, once a policy. A pattern that cannot be read is kept as such: a list that opens is then
 * narrower, a list that restricts concerns everything, and a rule whose matches cannot be read refuses what it takes.
 */
import {
  compilePattern,
  matchesHostname,
  parseHostnamePattern,
  type CallLimit,
  type Hostname,
  type HostnamePattern,
  type LinearPattern,
  type McpMatch,
  type McpRoute,
  type McpRule,
  type PatternOptions,
  type ToolPolicy,
} from '../../contract/index.ts';
import { compileGlob, openingGlobs, restrictingGlobs, type GlobList } from '../glob.ts';
import { compileArgumentExpression } from './argument-expression.ts';
import type { CompiledArgumentRule } from './argument-rule.ts';
import type { NameList } from './name-list.ts';

export interface CompiledMatch {
  readonly servers: readonly HostnamePattern[];
  /** No `servers` were written: every server. */
  readonly everyServer: boolean;
  readonly tools: NameList;
  readonly resources: GlobList;
  readonly methods: GlobList;
}

export interface CompiledToolPolicy {
  readonly allowed: NameList;
  readonly denied: NameList;
  readonly confirmed: NameList;
  /** Of all calls of tools under it; `unknown`: the document does not say where they are counted. */
  readonly cap: CallLimit | 'unknown' | undefined;
  readonly argumentRules: readonly CompiledArgumentRule[];
  readonly limited: ReadonlyArray<{ readonly names: NameList; readonly limit: CallLimit | 'unknown' }>;
}

export interface CompiledMcpRule {
  readonly rule: McpRule;
  readonly matches: readonly CompiledMatch[];
  /** Every pattern of its matches was read; otherwise nobody knows which calls it is about. */
  readonly isReadable: boolean;
  readonly toolPolicies: readonly CompiledToolPolicy[];
}

export interface CompiledMcpRoute {
  readonly route: McpRoute;
  readonly hostnames: readonly HostnamePattern[];
  readonly rules: readonly CompiledMcpRule[];
}

export function isAmong(patterns: readonly HostnamePattern[], hostname: Hostname): boolean {
  return patterns.some((pattern) => matchesHostname(pattern, hostname));
}

function parsePatterns(texts: readonly string[]): HostnamePattern[] {
  return texts.map(parseHostnamePattern).filter((pattern) => pattern !== undefined);
}

function compileAll(sources: readonly string[], options?: PatternOptions): LinearPattern[] {
  return sources.map((source) => compilePattern(source, options)).filter((pattern) => pattern !== undefined);
}

function openingNames(globs: readonly string[], sources: readonly string[]): NameList {
  const list = openingGlobs(globs);
  const patterns = compileAll(sources);
  return {
    isEmpty: globs.length + sources.length === 0,
    takes: (name) => list.takes(name) || patterns.some((pattern) => pattern.test(name)),
  };
}

/**
 * What restricts compares without case: servers differ in whether they tell cases apart. Each pattern is read as it is written,
 * on the name in lower case, and without case: a negated class takes other names in each of these.
 */
function restrictingNames(globs: readonly string[], sources: readonly string[]): NameList {
  const list = restrictingGlobs(globs);
  const written = compileAll(sources);
  const caseless = compileAll(sources, { caseless: true });
  const isBroken = Math.min(written.length, caseless.length) < sources.length;
  return {
    isEmpty: globs.length + sources.length === 0,
    takes: (name) =>
      isBroken ||
      list.takes(name) ||
      written.some((pattern) => pattern.test(name) || pattern.test(name.toLowerCase())) ||
      caseless.some((pattern) => pattern.test(name)),
  };
}

/** A denial compares without case. */
function compileMatch(match: McpMatch, isDenial: boolean): CompiledMatch {
  const [names, globs] = isDenial ? [restrictingNames, restrictingGlobs] : [openingNames, openingGlobs];
  return {
    servers: parsePatterns(match.servers),
    everyServer: match.servers.length === 0,
    tools: names(match.tools, match.toolsRegex),
    resources: globs(match.resources),
    methods: globs(match.methods),
  };
}

function isReadable({ tools, toolsRegex, resources, methods }: McpMatch): boolean {
  return (
    [...tools, ...resources, ...methods].every((glob) => compileGlob(glob) !== undefined) &&
    compileAll(toolsRegex).length === toolsRegex.length
  );
}

function capOf({ maxCallsPerExecution: calls, account }: ToolPolicy): CompiledToolPolicy['cap'] {
  if (calls === undefined) return undefined;
  return account === undefined ? 'unknown' : { account, calls, scope: 'PerExecution' };
}

function compileToolPolicy(policy: ToolPolicy): CompiledToolPolicy {
  return {
    allowed: openingNames(policy.allowedTools, policy.allowedToolsRegex),
    denied: restrictingNames(policy.deniedTools, policy.deniedToolsRegex),
    confirmed: restrictingNames(policy.requireConfirmation, []),
    argumentRules: (policy.argumentRules ?? []).map((written) => ({
      written,
      names: restrictingNames(written.tools, written.toolsRegex),
      expression: compileArgumentExpression(written.expression),
    })),
    cap: capOf(policy),
    limited: policy.rateLimits.map(({ tools, toolsRegex, limit }) => ({
      names: restrictingNames(tools, toolsRegex),
      limit: limit ?? ('unknown' as const),
    })),
  };
}

export function compileMcpRoute(route: McpRoute): CompiledMcpRoute {
  return {
    route,
    hostnames: parsePatterns(route.hostnames),
    rules: route.rules.map((rule) => ({
      rule,
      matches: rule.matches.map((match) => compileMatch(match, route.denial !== undefined)),
      isReadable: rule.matches.every(isReadable),
      toolPolicies: rule.toolPolicies.map(compileToolPolicy),
    })),
  };
}
