/**
 * The token budgets of a rule: what each counts, over which period, and which calls can be counted at all. Pure. A call that
 * nobody can count is refused under a budget, never let through uncounted.
 */
import type { ProviderRule } from '../contract/index.ts';
import { refuse, type Call, type Refusal } from './call.ts';
import { isReading, type Operation } from './operation/index.ts';

export interface TokenLimit {
  /** `day`: UTC. `execution`: one invocation of an agent. */
  readonly period: 'day' | 'execution';
  /** Rules with the same account share the count. */
  readonly account: string;
  /** Input and output together. */
  readonly tokens: number;
}

export interface Budget {
  readonly limits: readonly TokenLimit[];
  /** The most one answer may hold; undefined: no such limit. */
  readonly maxOutputTokens: number | undefined;
}

type TokenBudget = Extract<ProviderRule['filters'][number], { type: 'TokenBudget' }>;

function limitsOf({
  account,
  maxTokensPerDay: day,
  maxTokensPerExecution: execution,
}: TokenBudget): TokenLimit[] {
  return [
    ...(day === undefined ? [] : [{ period: 'day' as const, account, tokens: day }]),
    ...(execution === undefined ? [] : [{ period: 'execution' as const, account, tokens: execution }]),
  ];
}

/** All budgets of a rule apply at once; undefined: it has none. */
export function budgetOf({ filters }: ProviderRule): Budget | undefined {
  const budgets = filters.filter((filter) => filter.type === 'TokenBudget');
  const limits = budgets.flatMap(limitsOf);
  const outputs = budgets.flatMap((filter) => filter.maxOutputTokensPerRequest ?? []);
  const maxOutputTokens = outputs.length === 0 ? undefined : Math.min(...outputs);
  return limits.length === 0 && maxOutputTokens === undefined ? undefined : { limits, maxOutputTokens };
}

/** `none`: it uses no tokens that are paid for. `unknown`: nobody tells how many. */
type Countable = 'tokens' | 'none' | 'unknown';

function countableOf(call: Pick<Call, 'method' | 'upgrade'>, operation: Operation | undefined): Countable {
  if (call.upgrade) return 'unknown';
  if (operation === undefined) return isReading(call.method) ? 'none' : 'unknown';
  if (operation.shape === 'bedrock-invoke') return 'unknown';
  if (operation.name !== undefined) return 'tokens';
  return operation.free === true || isReading(call.method) ? 'none' : 'unknown';
}

const uncountable: Refusal = {
  ...refuse(
    403,
    'limit',
    'the call is under a TokenBudget, and nobody can count the tokens of this operation',
  ),
  code: 'BUDGET_UNCOUNTABLE',
};

/** What a rule's budget says of a call that the rule takes; undefined: nothing counts it. */
export function judgeBudget(
  budget: Budget | undefined,
  call: Call,
  operation: Operation | undefined,
): Budget | Refusal | 'need-body' | undefined {
  if (budget === undefined) return undefined;
  switch (countableOf(call, operation)) {
    case 'tokens':
      return judgeBody(budget, call);
    case 'none':
      return undefined;
    case 'unknown':
      return uncountable;
  }
}

/** How much a call may use stands in its body. */
function judgeBody(budget: Budget, { body }: Call): Budget | Refusal | 'need-body' {
  switch (body.kind) {
    case 'unread':
    case 'held':
      return 'need-body';
    case 'inference':
      return budget;
    case 'unreadable':
      return body.refusal;
    case 'none':
    case 'rpc':
      return uncountable;
  }
}
