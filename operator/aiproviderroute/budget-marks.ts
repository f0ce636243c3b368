/**
 * The budgets of a day of a route, and which of their thresholds are passed: by the words of the gateways that count them, and by what
 * the route's status said of them today. Pure. A gateway is believed of the budgets it counts, and of nothing else.
 */
import {
  budgetAccount,
  countingNamespaces,
  parseUsd,
  usualThresholds,
  utcDay,
  type BudgetWarning,
  type GatewayStatus,
} from '../../contract/index.ts';
import { attach, isLive } from '../compile/index.ts';
import { kinds, type AIProviderRoute, type EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';

type Unit = BudgetWarning['unit'];

export interface DayBudget {
  readonly account: string;
  /** Its `budgetRef`, or its place in the route. */
  readonly name: string;
  readonly shared: boolean;
  readonly unit: Unit;
  readonly cap: number;
  readonly warnAt: readonly number[];
}

/** One threshold of one count, as the status of its route keeps it. */
export interface BudgetMark {
  readonly budget: string;
  /** Of the gateways that count it together. */
  readonly namespace: string;
  readonly unit: Unit;
  readonly day: string;
  readonly limit: number;
  readonly percent: number;
}

export function dayBudgets({ metadata, spec }: AIProviderRoute): DayBudget[] {
  return spec.rules.flatMap(({ filters = [] }, place) =>
    filters.flatMap(({ tokenBudget }, index) => {
      if (tokenBudget === undefined) return [];
      const { budgetRef, maxTokensPerDay, maxCostPerDay, warnAt = usualThresholds } = tokenBudget;
      const cost = maxCostPerDay === undefined ? undefined : parseUsd(maxCostPerDay);
      const name = budgetRef ?? `rules[${place}].filters[${index}]`;
      const account = budgetAccount(metadata, `${place}/${index}`, budgetRef);
      const one = (unit: Unit, cap: number | undefined): DayBudget[] =>
        cap === undefined ? [] : [{ account, name, shared: budgetRef !== undefined, unit, cap, warnAt }];
      return [...one('tokens', maxTokensPerDay), ...one('nanoUsd', cost)];
    }),
  );
}

/** The gateways the route is attached to. */
export function gatewaysOf(world: World, route: AIProviderRoute): Array<EgressGateway['metadata']> {
  const named = { ...route, kind: 'AIProviderRoute' };
  return route.spec.parentRefs.flatMap((parent) => {
    const attachment = attach(world, named, parent);
    return attachment.attached ? [attachment.gateway.metadata] : [];
  });
}

/** The live routes of its namespace that count in it, by name. */
export function routesOfBudget(world: World, route: AIProviderRoute, budget: DayBudget): AIProviderRoute[] {
  if (!budget.shared) return [route];
  return world
    .list(kinds.aiProviderRoute, route.metadata.namespace)
    .filter((each) => isLive(each) && dayBudgets(each).some(({ account }) => account === budget.account))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

export const keyOfMark = ({ budget, namespace, unit, day, limit, percent }: BudgetMark): string =>
  JSON.stringify([budget, namespace, unit, day, limit, percent]);

function markOf(
  { name, unit, cap }: DayBudget,
  at: Pick<BudgetMark, 'namespace' | 'day' | 'percent'>,
): BudgetMark {
  const { namespace, day, percent } = at;
  return { budget: name, namespace, unit, day, limit: cap, percent };
}

/** What is passed today of these budgets, each once. `before`: as the status has it. */
export function marksOf(
  world: World,
  route: AIProviderRoute,
  {
    words,
    before,
    now,
  }: {
    readonly words: readonly GatewayStatus[];
    readonly before: readonly BudgetMark[];
    readonly now: number;
  },
): BudgetMark[] {
  const day = utcDay(now);
  const all = new Map<string, BudgetMark>();
  for (const budget of dayBudgets(route)) {
    const counting = routesOfBudget(world, route, budget).flatMap((each) => gatewaysOf(world, each));
    const gateways = new Set(counting.map(({ namespace, name }) => `${namespace}/${name}`));
    const namespaces = countingNamespaces(counting);
    const said = words
      .filter(({ namespace, gateway }) => gateways.has(`${namespace}/${gateway}`))
      .flatMap(({ namespace, budgets = [] }) => budgets.map((mark) => ({ ...mark, namespace })))
      .filter(
        ({ account, unit, cap }) => account === budget.account && unit === budget.unit && cap === budget.cap,
      );
    const kept = before.filter(
      ({ budget: name, namespace, unit, limit }) =>
        name === budget.name &&
        unit === budget.unit &&
        limit === budget.cap &&
        namespaces.includes(namespace),
    );
    for (const each of [...kept, ...said]) {
      if (each.day !== day || !budget.warnAt.includes(each.percent)) continue;
      const mark = markOf(budget, each);
      all.set(keyOfMark(mark), mark);
    }
  }
  return [...all.values()];
}
