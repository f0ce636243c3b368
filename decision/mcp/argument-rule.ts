/**
 * Rules over the arguments of tools: which are about a tool, and whether they let this call of it pass. Pure. A rule that cannot be
 * read, or that has no answer about these arguments, refuses.
 */
import type { ArgumentRule } from '../../contract/index.ts';
import { refuse, type Refusal } from '../call.ts';
import type { RpcMessage } from '../rpc-message.ts';
import type { ArgumentExpression } from './argument-expression.ts';
import { nearMember, readArguments, type ReadArguments } from './argument-reader.ts';
import type { NameList } from './name-list.ts';

export interface CompiledArgumentRule {
  readonly written: ArgumentRule;
  readonly names: NameList;
  readonly expression: ArgumentExpression | { readonly problem: string };
}

export function rulesAbout(
  rules: readonly CompiledArgumentRule[],
  tool: string,
): readonly CompiledArgumentRule[] {
  return rules.filter(({ names }) => names.isEmpty || names.takes(tool));
}

function judgeRead(
  { written, expression }: CompiledArgumentRule,
  tool: string,
  read: Extract<ReadArguments, { kind: 'read' }>,
): Refusal | undefined {
  const text = `the tool "${tool}" is not allowed by the MCPRoute with these arguments`;
  if ('problem' in expression) return unread(tool);
  const near = nearMember(read.spellings, expression.names);
  if (near !== undefined)
    return refuse(403, 'tool', `${text}: a member is spelled in another way than its rule has it`);
  const holds = expression.holds(read.members);
  if (holds === undefined) return refuse(403, 'tool', `${text}: its rule has no answer about them`);
  return holds === (written.action === 'Allow') ? undefined : refuse(403, 'tool', text);
}

function unread(tool: string): Refusal {
  return refuse(503, 'limit', `the tool "${tool}" is not called: a rule over its arguments cannot be read`);
}

/** Why these arguments do not pass. Of `any` arguments only what no arguments would change is said. */
export function judgeArguments(
  rules: readonly CompiledArgumentRule[],
  tool: string,
  message: RpcMessage,
): Refusal | undefined {
  const about = rulesAbout(rules, tool);
  if (about.length === 0) return undefined;
  if (message.arguments === 'any')
    return about.some(({ expression }) => 'problem' in expression) ? unread(tool) : undefined;
  const read = readArguments(message);
  if (read.kind === 'unreadable')
    return refuse(403, 'tool', `the arguments of the tool "${tool}" cannot be judged: ${read.why}`);
  const refusals = about.map((rule) => judgeRead(rule, tool, read));
  // What is forbidden is said before what cannot be judged.
  return refusals.find((each) => each?.status === 403) ?? refusals.find((each) => each !== undefined);
}
