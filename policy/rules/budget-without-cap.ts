/** A token budget that limits nothing. */
import type { Rule } from '../rule.ts';
import { budgetsOf, type PlacedBudget, type TokenBudget } from '../token-budget.ts';

function hasCap(budget: TokenBudget): boolean {
  const { maxTokensPerDay, maxTokensPerExecution, maxCostPerDay, maxCostPerExecution } = budget;
  const caps = [maxTokensPerDay, maxTokensPerExecution, maxCostPerDay, maxCostPerExecution];
  return caps.some((cap) => cap !== undefined);
}

function sharedName({ route, budget }: PlacedBudget): string | undefined {
  return budget.budgetRef === undefined ? undefined : `${route.namespace}/${budget.budgetRef}`;
}

export const budgetWithoutCap: Rule = {
  id: 'budget-without-cap',
  severity: 'error',
  title: 'A token budget that limits nothing',
  why: 'A TokenBudget without a limit a day or an execution, of tokens or of money, looks like a limit in review and is none: an agent in a loop spends until somebody notices.',
  fix: 'Set maxTokensPerDay, maxTokensPerExecution, maxCostPerDay or maxCostPerExecution, here or on a rule with the same budgetRef.',
  *check(world) {
    const capped = new Set(
      budgetsOf(world.all('AIProviderRoute'))
        .filter(({ budget }) => hasCap(budget))
        .map(sharedName),
    );
    for (const placed of budgetsOf(world.own('AIProviderRoute'))) {
      const shared = sharedName(placed);
      if (hasCap(placed.budget) || (shared !== undefined && capped.has(shared))) continue;
      const message = 'the budget has no limit a day or an execution';
      yield { manifest: placed.route.manifest, path: placed.path, message };
    }
  },
  admission: [
    {
      resources: ['aiproviderroutes'],
      // A shared budget may have its cap on another route.
      expression:
        'object.spec.rules.all(r, !has(r.filters) || r.filters.all(f, !has(f.tokenBudget) || has(f.tokenBudget.budgetRef) || has(f.tokenBudget.maxTokensPerDay) || has(f.tokenBudget.maxTokensPerExecution) || has(f.tokenBudget.maxCostPerDay) || has(f.tokenBudget.maxCostPerExecution)))',
      message: 'a budget needs a limit a day or an execution, such as maxTokensPerDay or maxCostPerDay',
    },
  ],
};
