/**
 * What an MCPRoute's rule says of one message: does it take it, may the tool be called? Pure. A list that restricts and
 * cannot be read restricts everything; what is asked for and not carried out refuses the calls it concerns.
 */
import {
  compilePattern,
  matchesHostname,
  parseHostname,
  parseHostnamePattern,
  type DenyReason,
  type LinearPattern,
  type McpMatch,
  type McpRule,
  type ToolPolicy,
} from '../../contract/index.ts';
import { isGlob, matchesGlob } from './glob.ts';
import type { RpcMessage } from '../body/json-rpc.ts';

export interface ToolRefusal {
  readonly status: 403 | 503;
  readonly reason: DenyReason;
  readonly message: string;
}

const compiled = new Map<string, LinearPattern | undefined>();
const maxCompiled = 4_096;

function pattern(source: string): LinearPattern | undefined {
  if (!compiled.has(source)) {
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(source, compilePattern(source));
  }
  return compiled.get(source);
}

function isReadable(match: McpMatch): boolean {
  const globs = [...match.tools, ...match.resources, ...match.methods];
  return globs.every(isGlob) && match.toolsRegex.every((source) => pattern(source) !== undefined);
}

/** Every match of it can be read; otherwise nobody knows which calls it is about. */
export function isReadableRule(rule: McpRule): boolean {
  return rule.matches.every(isReadable);
}

export function toolOf({ method, params }: RpcMessage): string | undefined {
  const name = params['name'];
  return method === 'tools/call' && typeof name === 'string' ? name : undefined;
}

export function resourceOf({ method, params }: RpcMessage): string | undefined {
  const uri = params['uri'];
  return method?.startsWith('resources/') === true && typeof uri === 'string' ? uri : undefined;
}

function fitsNames(match: McpMatch, message: RpcMessage): boolean {
  const { tools, toolsRegex, resources } = match;
  if (tools.length === 0 && toolsRegex.length === 0 && resources.length === 0) return true;
  const tool = toolOf(message);
  const resource = resourceOf(message);
  return (
    (tool !== undefined && fits(tools, toolsRegex, tool)) ||
    (resource !== undefined && resources.some((glob) => matchesGlob(glob, resource)))
  );
}

function fits(globs: readonly string[], sources: readonly string[], name: string): boolean {
  return (
    globs.some((glob) => matchesGlob(glob, name)) ||
    sources.some((source) => pattern(source)?.test(name) === true)
  );
}

function fitsServer({ servers }: McpMatch, host: string): boolean {
  const hostname = parseHostname(host);
  if (servers.length === 0) return true;
  return servers.some((text) => {
    const server = parseHostnamePattern(text);
    return server !== undefined && hostname !== undefined && matchesHostname(server, hostname);
  });
}

/** Does the rule take everything that goes to this host, readable or not? */
export function takesAll(rule: McpRule, host: string): boolean {
  return (
    !isReadableRule(rule) ||
    rule.matches.some(
      (match) =>
        fitsServer(match, host) &&
        [match.tools, match.toolsRegex, match.resources, match.methods].every((each) => each.length === 0),
    )
  );
}

export function takes(rule: McpRule, message: RpcMessage, host: string): boolean {
  const { method = '' } = message;
  return (
    takesAll(rule, host) ||
    rule.matches.some(
      (match) =>
        fitsServer(match, host) &&
        (match.methods.length === 0 || match.methods.some((glob) => matchesGlob(glob, method))) &&
        fitsNames(match, message),
    )
  );
}

/** For lists that restrict: without case (servers differ), and what cannot be read concerns every tool. */
function concerns(globs: readonly string[], sources: readonly string[], name: string): boolean {
  const folded = name.toLowerCase();
  return (
    globs.some(
      (glob) => !isGlob(glob) || matchesGlob(glob, name) || matchesGlob(glob.toLowerCase(), folded),
    ) ||
    sources.some((source) => {
      const compiledSource = pattern(source);
      return compiledSource === undefined || compiledSource.test(name) || compiledSource.test(folded);
    })
  );
}

function uncounted(message: string): ToolRefusal {
  return {
    status: 503,
    reason: 'limit',
    message: `${message}, which this version of the gateway cannot do yet`,
  };
}

export function judgeTool(policy: ToolPolicy, name: string): ToolRefusal | undefined {
  const { allowedTools, allowedToolsRegex } = policy;
  const allowsSome = allowedTools.length > 0 || allowedToolsRegex.length > 0;
  if (
    concerns(policy.deniedTools, policy.deniedToolsRegex, name) ||
    (allowsSome && !fits(allowedTools, allowedToolsRegex, name))
  ) {
    return { status: 403, reason: 'tool', message: `the tool "${name}" is not allowed by the MCPRoute` };
  }
  if (concerns(policy.requireConfirmation, [], name)) {
    return uncounted(`calls of the tool "${name}" need a person to confirm them`);
  }
  if (policy.maxCallsPerExecution !== undefined) return uncounted('calls of this route are to be counted');
  const limited = policy.rateLimits.some(
    ({ tools, toolsRegex }) =>
      (tools.length === 0 && toolsRegex.length === 0) || concerns(tools, toolsRegex, name),
  );
  return limited ? uncounted(`calls of the tool "${name}" are to be counted`) : undefined;
}
