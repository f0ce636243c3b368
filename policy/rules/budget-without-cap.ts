/** A token budget that limits nothing. */
import type { Rule } from '../rule.ts';
import type { Path } from '../manifest/path.ts';
import type { Item } from '../world.ts';

type Route = Item<'AIProviderRoute'>;
type Filter = NonNullable<Route['spec']['rules'][number]['filters']>[number];
type Budget = NonNullable<Filter['tokenBudget']>;

function hasCap({ maxTokensPerDay, maxTokensPerExecution }: Budget): boolean {
  return maxTokensPerDay !== undefined || maxTokensPerExecution !== undefined;
}

interface PlacedBudget {
  readonly route: Route;
  readonly path: Path;
  readonly budget: Budget;
}

function budgetsOf(routes: readonly Route[]): PlacedBudget[] {
  return routes.flatMap((route) =>
    route.spec.rules.flatMap(({ filters = [] }, rule) =>
      filters.flatMap(({ tokenBudget: budget }, filter) => {
        const path = ['spec', 'rules', rule, 'filters', filter, 'tokenBudget'];
        return budget === undefined ? [] : [{ route, path, budget }];
      }),
    ),
  );
}

function sharedName({ route, budget }: PlacedBudget): string | undefined {
  return budget.budgetRef === undefined ? undefined : `${route.namespace}/${budget.budgetRef}`;
}

export const budgetWithoutCap: Rule = {
  id: 'budget-without-cap',
  severity: 'error',
  title: 'A token budget that limits nothing',
  why: 'A TokenBudget without maxTokensPerDay or maxTokensPerExecution looks like a limit in review and is none: an agent in a loop spends until somebody notices.',
  fix: 'Set maxTokensPerDay or maxTokensPerExecution, here or on a rule with the same budgetRef.',
  *check(world) {
    const capped = new Set(
      budgetsOf(world.all('AIProviderRoute'))
        .filter(({ budget }) => hasCap(budget))
        .map(sharedName),
    );
    for (const placed of budgetsOf(world.own('AIProviderRoute'))) {
      const shared = sharedName(placed);
      if (hasCap(placed.budget) || (shared !== undefined && capped.has(shared))) continue;
      const message = 'the budget has neither maxTokensPerDay nor maxTokensPerExecution';
      yield { manifest: placed.route.manifest, path: placed.path, message };
    }
  },
  admission: [
    {
      resources: ['aiproviderroutes'],
      // A shared budget may have its cap on another route.
      expression:
        'object.spec.rules.all(r, !has(r.filters) || r.filters.all(f, !has(f.tokenBudget) || has(f.tokenBudget.budgetRef) || has(f.tokenBudget.maxTokensPerDay) || has(f.tokenBudget.maxTokensPerExecution)))',
      message: 'a budget needs maxTokensPerDay or maxTokensPerExecution',
    },
  ],
};
