/**
 * What the rules of MCPRoutes say of one message: does a rule take it, may the tool be called? Pure. What is asked for and
 * not carried out refuses the calls it concerns.
 */
import { notEnforced } from '../../contract/index.ts';
import { refuse, type Refusal } from '../call.ts';
import type { CompiledMatch, CompiledToolPolicy } from './compiled-route.ts';
import { resourceOf, toolOf } from './method.ts';
import type { McpClause } from './plan.ts';
import type { RpcMessage } from '../rpc-message.ts';

function fitsNames({ tools, resources }: CompiledMatch, message: RpcMessage): boolean {
  if (tools.isEmpty && resources.texts.length === 0) return true;
  const tool = toolOf(message);
  const resource = resourceOf(message);
  return (tool !== undefined && tools.takes(tool)) || (resource !== undefined && resources.takes(resource));
}

export function takesMessage({ takesAll, matches }: McpClause, message: RpcMessage): boolean {
  const { method = '' } = message;
  return (
    takesAll ||
    matches.some(
      (match) =>
        (match.methods.texts.length === 0 || match.methods.takes(method)) && fitsNames(match, message),
    )
  );
}

type Uncounted = 'ToolCallCap' | 'ToolRateLimit';

function uncounted(capability: Uncounted, tool: string): Refusal {
  return refuse(503, 'limit', `the tool "${tool}" is not called: ${notEnforced[capability].message}`);
}

function judgePolicy(policy: CompiledToolPolicy, tool: string): Refusal | undefined {
  if (policy.denied.takes(tool) || (!policy.allowed.isEmpty && !policy.allowed.takes(tool))) {
    return refuse(403, 'tool', `the tool "${tool}" is not allowed by the MCPRoute`);
  }
  if (policy.counted) return uncounted('ToolCallCap', tool);
  return policy.limited.some((list) => list.isEmpty || list.takes(tool))
    ? uncounted('ToolRateLimit', tool)
    : undefined;
}

/** Why a rule that took the message refuses it; undefined: it does not. */
export function judgeRule({ compiled, toolPolicies }: McpClause, message: RpcMessage): Refusal | undefined {
  const problem = compiled.isReadable
    ? compiled.rule.unsupported[0]
    : 'a pattern of its matches cannot be read';
  if (problem !== undefined) {
    return refuse(503, 'limit', `this route cannot be carried out by the gateway: ${problem}`);
  }
  const tool = toolOf(message);
  if (tool === undefined) return undefined;
  const verdicts = toolPolicies.map((policy) => judgePolicy(policy, tool));
  // What is forbidden is said before what cannot be counted.
  return verdicts.find((each) => each?.status === 403) ?? verdicts.find((each) => each !== undefined);
}

/** Does a rule that lets the message through want a person to decide first? */
export function asksPerson({ toolPolicies }: McpClause, message: RpcMessage): boolean {
  const tool = toolOf(message);
  return tool !== undefined && toolPolicies.some(({ confirmed }) => confirmed.takes(tool));
}
