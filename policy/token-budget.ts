/** Token budgets of routes, with where they stand. Apart because more than one rule is about them. */
import { budgetAccount } from '../contract/index.ts';
import type { Path } from './manifest/path.ts';
import type { Item } from './world.ts';

type Route = Item<'AIProviderRoute'>;
type Rule = Route['spec']['rules'][number];
export type TokenBudget = NonNullable<NonNullable<Rule['filters']>[number]['tokenBudget']>;

export interface PlacedBudget {
  readonly route: Route;
  readonly rule: Rule;
  readonly path: Path;
  readonly budget: TokenBudget;
  /** Budgets of one account are one count. */
  readonly account: string;
}

export function budgetsOf(routes: readonly Route[]): PlacedBudget[] {
  return routes.flatMap((route) =>
    route.spec.rules.flatMap((rule, place) =>
      (rule.filters ?? []).flatMap(({ tokenBudget: budget }, filter) => {
        const path = ['spec', 'rules', place, 'filters', filter, 'tokenBudget'];
        if (budget === undefined) return [];
        const account = budgetAccount(route, `${place}/${filter}`, budget.budgetRef);
        return [{ route, rule, path, budget, account }];
      }),
    ),
  );
}
