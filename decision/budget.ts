/**
 * What the calls of a rule may use, in tokens and in money: what each limit counts, over which period, and which calls can be counted
 * at all. Pure. A call that nobody can count is refused under a limit, never let through uncounted.
 */
import type { NanoUsd, ProviderRule, TokenRate } from '../contract/index.ts';
import { refuse, type Call, type Refusal } from './call.ts';
import { isReading, type Operation } from './operation/index.ts';

interface OfBudget {
  /** `day`: UTC. `execution`: one invocation of an agent. */
  readonly period: 'day' | 'execution';
  /** Rules with the same account share the count. */
  readonly account: string;
  /** Percent of a day of which people are told; absent: none. */
  readonly warnAt?: readonly number[];
}

/** Of a TokenBudget, or in each window of a RateLimitPolicy. */
export type TokenLimit =
  | (OfBudget & {
      /** Input and output together. */
      readonly tokens: number;
    })
  | (TokenRate & { readonly period: 'window' });

export interface CostLimit extends OfBudget {
  readonly nanoUsd: NanoUsd;
}

export type UseLimit = TokenLimit | CostLimit;

export interface Budget {
  readonly limits: readonly TokenLimit[];
  /** In money; absent: none. A call of which nobody knows what it may cost is refused. */
  readonly costs?: readonly CostLimit[];
  /** The most one answer may hold; undefined: no such limit. */
  readonly maxOutputTokens: number | undefined;
}

type TokenBudget = Extract<ProviderRule['filters'][number], { type: 'TokenBudget' }>;

function limitsOf({
  account,
  maxTokensPerDay: day,
  maxTokensPerExecution: execution,
  warnAt = [],
}: TokenBudget): TokenLimit[] {
  return [
    ...(day === undefined ? [] : [{ period: 'day' as const, account, tokens: day, warnAt }]),
    ...(execution === undefined ? [] : [{ period: 'execution' as const, account, tokens: execution }]),
  ];
}

function costsOf({
  account,
  maxNanoUsdPerDay: day,
  maxNanoUsdPerExecution: execution,
  warnAt = [],
}: TokenBudget): CostLimit[] {
  return [
    ...(day === undefined ? [] : [{ period: 'day' as const, account, nanoUsd: day as NanoUsd, warnAt }]),
    ...(execution === undefined
      ? []
      : [{ period: 'execution' as const, account, nanoUsd: execution as NanoUsd }]),
  ];
}

/** A policy that several filters of a rule name counts once. */
function ratesOf(rates: readonly TokenRate[] = []): TokenLimit[] {
  const once = new Map(rates.map((rate) => [rate.account, rate]));
  return [...once.values()].map((rate) => ({ ...rate, period: 'window' }));
}

/** All limits of a rule apply at once; undefined: it has none. */
export function budgetOf({ filters, tokenRates }: ProviderRule): Budget | undefined {
  const budgets = filters.filter((filter) => filter.type === 'TokenBudget');
  const limits = [...budgets.flatMap(limitsOf), ...ratesOf(tokenRates)];
  const costs = budgets.flatMap(costsOf);
  const outputs = budgets.flatMap((filter) => filter.maxOutputTokensPerRequest ?? []);
  const maxOutputTokens = outputs.length === 0 ? undefined : Math.min(...outputs);
  if (limits.length + costs.length === 0 && maxOutputTokens === undefined) return undefined;
  return { limits, ...(costs.length === 0 ? {} : { costs }), maxOutputTokens };
}

/** `none`: it uses no tokens that are paid for. `unknown`: nobody tells how many. */
type Countable = 'tokens' | 'none' | 'unknown';

/** To open a socket uses nothing; its messages are calls of their own, where it is known which they are. */
function countableOfSocket({ message, body }: Call, operation: Operation | undefined): Countable {
  if (operation?.model.from !== 'messages') return 'unknown';
  if (message === true) return 'tokens';
  return body.kind === 'none' ? 'none' : 'unknown';
}

function countableOf(call: Call, operation: Operation | undefined): Countable {
  if (call.upgrade) return countableOfSocket(call, operation);
  if (operation === undefined) return isReading(call.method) ? 'none' : 'unknown';
  if (operation.shape === 'bedrock-invoke') return 'unknown';
  if (operation.name !== undefined) return 'tokens';
  return operation.free === true || isReading(call.method) ? 'none' : 'unknown';
}

const uncountable: Refusal = {
  ...refuse(
    403,
    'limit',
    'the call is under a limit of tokens or money (TokenBudget, RateLimitPolicy), and nobody can count the tokens of this operation',
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
