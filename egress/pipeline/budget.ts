/**
 * Stage 3: may the call spend what it could cost? Today a rule with a TokenBudget cannot be counted, and a budget that
 * is not enforced is worse than a refusal, so it refuses; so does a filter nobody knows. Every other rule passes. The ledger goes here.
 */
import { refusedToday } from '../../contract/index.ts';
import { refuse, type Refusal } from './call.ts';
import type { Route } from './route.ts';

export interface Reserve {
  readonly kind: 'reserve';
  /** Tokens held for the call; undefined: no budget applies. */
  readonly tokens: number | undefined;
}

export function reserveBudget(route: Route): Reserve | Refusal {
  const budgets = route.provider?.rule.filters.filter((filter) => filter.type === 'TokenBudget') ?? [];
  if (budgets.length > 0) {
    return refuse(503, 'limit', `the call is under a TokenBudget: ${refusedToday.TokenBudget}`);
  }
  const unsupported = route.provider?.rule.filters.find((filter) => filter.type === 'Unsupported');
  if (unsupported !== undefined) {
    return refuse(503, 'limit', `this route cannot be carried out by the gateway: ${unsupported.what}`);
  }
  return { kind: 'reserve', tokens: undefined };
}
