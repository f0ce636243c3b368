/**
 * What the rules of MCPRoutes say of one message: does a rule take it, may the tool be called? Pure. What is asked for and
 * not carried out refuses the calls it concerns.
 */
import type { CallLimit } from '../../contract/index.ts';
import { countCall, type CallCount } from '../call-limit.ts';
import { refuse, type Refusal } from '../call.ts';
import type { CompiledMatch, CompiledToolPolicy } from './compiled-route.ts';
import { judgeArguments, rulesAbout } from './argument-rule.ts';
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

/** The limits a call of the tool is under, by one policy. */
function limitsOf({ cap, limited }: CompiledToolPolicy, tool: string): Array<CallLimit | 'unknown'> {
  const rates = limited.flatMap(({ names, limit }) => (names.isEmpty || names.takes(tool) ? [limit] : []));
  return cap === undefined ? rates : [cap, ...rates];
}

function judgePolicy(policy: CompiledToolPolicy, tool: string, message: RpcMessage): Refusal | undefined {
  if (policy.denied.takes(tool) || (!policy.allowed.isEmpty && !policy.allowed.takes(tool))) {
    return refuse(403, 'tool', `the tool "${tool}" is not allowed by the MCPRoute`);
  }
  const refusal = judgeArguments(policy.argumentRules, tool, message);
  if (refusal !== undefined) return refusal;
  return limitsOf(policy, tool).includes('unknown')
    ? refuse(503, 'limit', `the tool "${tool}" is not called: where its calls are counted has not come yet`)
    : undefined;
}

/** What a message counts as under the rule that took it and lets it through. */
export function countMessage({ compiled, toolPolicies }: McpClause, message: RpcMessage): CallCount[] {
  const tool = toolOf(message);
  const ofTools = tool === undefined ? [] : toolPolicies.flatMap((policy) => limitsOf(policy, tool));
  return countCall([...(compiled.rule.limits ?? []), ...ofTools.filter((limit) => limit !== 'unknown')]);
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
  const verdicts = toolPolicies.map((policy) => judgePolicy(policy, tool, message));
  // What is forbidden is said before what cannot be counted.
  return verdicts.find((each) => each?.status === 403) ?? verdicts.find((each) => each !== undefined);
}

/** Does a rule that lets the message through want a person to decide first? */
export function asksPerson({ toolPolicies }: McpClause, message: RpcMessage): boolean {
  const tool = toolOf(message);
  return tool !== undefined && toolPolicies.some(({ confirmed }) => confirmed.takes(tool));
}

/** What a rule that takes the message asks of its arguments, each as one text; what is asked twice is there once. */
export function argumentsAsked({ toolPolicies }: McpClause, message: RpcMessage): readonly string[] {
  const tool = toolOf(message);
  if (tool === undefined) return [];
  const rules = toolPolicies.flatMap(({ argumentRules }) => rulesAbout(argumentRules, tool));
  return [...new Set(rules.map(({ written: { action, expression } }) => `${action} ${expression}`))];
}
