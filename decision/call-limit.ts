/**
 * Limits of how many calls may be made: which of them a call is under and as how many calls, in which count each is taken, and what
 * is said when one is reached. Pure. The counting itself is the gateway's (egress/budget); nothing here lets a call through.
 */
import { budgetLedger, type CallLimit, type CountScope, type LedgerKey } from '../contract/index.ts';
import { refuse, type Refusal } from './call.ts';

/** So many calls under a limit: more than one where a body holds several messages. */
export interface CallCount {
  readonly limit: CallLimit;
  readonly calls: number;
}

/** One call, once under each account. */
export function countCall(limits: readonly CallLimit[]): CallCount[] {
  return [...new Map(limits.map((limit) => [limit.account, { limit, calls: 1 }])).values()];
}

/** Of messages that go together: each counts by itself. */
export function sumCounts(all: ReadonlyArray<readonly CallCount[]>): CallCount[] {
  const sums = new Map<string, CallCount>();
  for (const { limit, calls } of all.flat()) {
    sums.set(limit.account, { limit, calls: calls + (sums.get(limit.account)?.calls ?? 0) });
  }
  return [...sums.values()];
}

/** A request whose messages are counted already under a limit is not counted again under it. */
export function joinCounts(messages: readonly CallCount[], request: readonly CallCount[]): CallCount[] {
  const counted = new Set(messages.map(({ limit }) => limit.account));
  return [...messages, ...request.filter(({ limit }) => !counted.has(limit.account))];
}

export interface CountedCaller {
  /** `TaskAgent/ns/name`. */
  readonly agentId: string;
  readonly invocationId: string;
}

export interface CountPlace {
  readonly key: LedgerKey;
  /** Unix milliseconds; undefined: with the execution. */
  readonly endsAt: number | undefined;
}

function whose({ scope }: Pick<CallLimit, 'scope'>, { agentId, invocationId }: CountedCaller): string {
  switch (scope) {
    case 'PerAgent':
      return `agent/${agentId}`;
    case 'PerExecution':
      return `run/${invocationId}`;
    case 'PerRoute':
    case 'PerGateway':
      return 'all';
    default:
      return scope satisfies never;
  }
}

/** Where a call of this caller is counted now. */
export function placeOf(
  limit: Pick<CallLimit, 'account' | 'windowMs' | 'scope'>,
  caller: CountedCaller,
  unixMs: number,
): CountPlace {
  const { account, windowMs } = limit;
  if (windowMs === undefined) {
    const ttlMs = budgetLedger.executionTtlMs;
    return { key: { account, period: whose(limit, caller), ttlMs }, endsAt: undefined };
  }
  const number = Math.floor(unixMs / windowMs);
  const period = `window/${windowMs}/${number}/${whose(limit, caller)}`;
  const ttlMs = windowMs + budgetLedger.windowSlackMs;
  return { key: { account, period, ttlMs }, endsAt: (number + 1) * windowMs };
}

/** Until a window or a day is over, in Unix milliseconds: a whole number, at least one. */
export const secondsTo = (at: number, then: number): number => Math.max(1, Math.ceil((then - at) / 1_000));

export const countedFor: Readonly<Record<CountScope, string>> = {
  PerAgent: 'an agent',
  PerExecution: 'an execution',
  PerRoute: 'a route',
  PerGateway: 'a gateway',
};

/** `60 calls of an agent in 1m`, for people. */
function renderLimit({ calls, windowMs, scope }: CallLimit): string {
  const time = windowMs === undefined ? '' : ` in ${windowMs / 1_000} s`;
  return `${calls} call${calls === 1 ? '' : 's'} of ${countedFor[scope]}${time}`;
}

function whoAsks({ policy }: CallLimit): string {
  return policy === undefined ? 'the MCPRoute allows its tools' : `RateLimitPolicy ${policy} allows`;
}

/** One that is reached. `endsAt`: when its window is over; `at`: now. */
export function refuseReached(
  { limit, calls }: CallCount,
  { at, endsAt }: { readonly at: number; readonly endsAt: number | undefined },
): Refusal {
  const code = limit.windowMs === undefined ? 'CALL_LIMIT_REACHED' : 'RATE_LIMITED';
  const base = {
    ...refuse(429, 'rate_limit', `${whoAsks(limit)} ${renderLimit(limit)}, and they have been made`),
    code,
    ...(limit.policy === undefined ? {} : { policy: limit.policy }),
  };
  if (calls > limit.calls) {
    const message = `${whoAsks(limit)} ${renderLimit(limit)}, and this is ${calls} at once; send them apart`;
    return { ...base, message, final: true };
  }
  if (endsAt === undefined) return { ...base, final: true };
  const seconds = secondsTo(at, endsAt);
  return { ...base, message: `${base.message}; try again in ${seconds} s`, retryAfterSeconds: seconds };
}

/** The counts cannot be had now, so nobody knows whether one is reached. */
export const limitsUnavailable: Refusal = {
  ...refuse(
    503,
    'rate_limit',
    'the calls under a limit of this route cannot be counted now; try again in a second',
  ),
  code: 'RATE_LIMIT_UNAVAILABLE',
  retryAfterSeconds: 1,
};
