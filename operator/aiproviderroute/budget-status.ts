/**
 * What a route's status and its Events say of its budgets of a day: whether one is used up, and whether it is one count at all. Pure.
 */
import { createHash } from 'node:crypto';
import { countedApart, countingNamespaces, renderUsd } from '../../contract/index.ts';
import type { AIProviderRoute } from '../kind.ts';
import type { EventNote, Finding, World } from '../runtime/index.ts';
import {
  dayBudgets,
  gatewaysOf,
  keyOfMark,
  routesOfBudget,
  type BudgetMark,
  type DayBudget,
} from './budget-marks.ts';

function amountOf({ unit, limit }: BudgetMark): string {
  return unit === 'tokens' ? `${limit} tokens` : `$${renderUsd(limit)}`;
}

function sentenceOf(mark: BudgetMark): string {
  const { budget, percent, day, namespace } = mark;
  const of = `of ${amountOf(mark)} of budget ${budget} on ${day} (UTC), counted by the gateways of ${namespace}`;
  return percent === 100
    ? `all ${of}, are used: calls are refused until tomorrow`
    : `${percent} % ${of}, are used`;
}

/** Of each count the highest. */
function highest(marks: readonly BudgetMark[]): BudgetMark[] {
  const most = new Map<string, BudgetMark>();
  for (const mark of marks) {
    const key = keyOfMark({ ...mark, percent: 0 });
    if ((most.get(key)?.percent ?? 0) < mark.percent) most.set(key, mark);
  }
  return [...most.values()];
}

/** Gateways note what `warnAt` asks for alone: without 100 nobody says that a budget is used up. */
function availableFinding(budgets: readonly DayBudget[], marks: readonly BudgetMark[]): Finding {
  const type = 'BudgetAvailable';
  const all = highest(marks).sort((a, b) => b.percent - a.percent);
  const [first] = all;
  const message = all.map(sentenceOf).join('; ');
  const untold = budgets.find(({ warnAt }) => !warnAt.includes(100));
  if (untold !== undefined && first?.percent !== 100) {
    const why = `warnAt of budget ${untold.name} has no 100, so nobody is told when it is used up`;
    return {
      ...{ type, status: 'Unknown', reason: 'NotTold' },
      message: [message, why].filter((text) => text !== '').join('; '),
    };
  }
  if (first === undefined) {
    return {
      type,
      status: 'True',
      reason: 'BelowThresholds',
      message: 'no budget of today is used as far as its warnAt',
    };
  }
  return first.percent === 100
    ? { type, status: 'False', reason: 'BudgetSpent', message }
    : { type, status: 'True', reason: 'ThresholdReached', message };
}

function exactFinding(world: World, route: AIProviderRoute, budgets: readonly DayBudget[]): Finding {
  const type = 'BudgetExact';
  const apart = new Set(
    budgets.flatMap((budget) => {
      const gateways = routesOfBudget(world, route, budget).flatMap((each) => gatewaysOf(world, each));
      const said = countedApart(countingNamespaces(gateways));
      return said === undefined ? [] : [`budget ${budget.name} ${said}`];
    }),
  );
  return apart.size === 0
    ? { type, status: 'True', reason: 'CountedOnce', message: 'each budget is one count' }
    : { type, status: 'False', reason: 'CountedPerNamespace', message: [...apart].join('; ') };
}

/** None where no budget of a day is in it. */
export function budgetFindings(
  world: World,
  route: AIProviderRoute,
  marks: readonly BudgetMark[],
): Finding[] {
  const budgets = dayBudgets(route);
  return budgets.length === 0 ? [] : [availableFinding(budgets, marks), exactFinding(world, route, budgets)];
}

/** Is it this route on which a threshold is told? Of those that share a budget one tells it. */
export function isTeller(world: World, route: AIProviderRoute, mark: BudgetMark): boolean {
  const budget = dayBudgets(route).find(({ name }) => name === mark.budget);
  if (budget === undefined) return false;
  const [first] = routesOfBudget(world, route, budget);
  return first?.metadata.name === route.metadata.name;
}

export function noteOf(mark: BudgetMark): EventNote {
  const reason = mark.percent === 100 ? 'BudgetSpent' : 'BudgetThresholdReached';
  return { type: 'Warning', reason, action: 'Count', note: sentenceOf(mark) };
}

/** The same for the same threshold, whoever tells it and however often. */
export function eventNameOf(route: AIProviderRoute, mark: BudgetMark): string {
  const digest = createHash('sha256').update(keyOfMark(mark)).digest('hex').slice(0, 16);
  return `${route.metadata.name.slice(0, 200)}.${digest}`;
}
