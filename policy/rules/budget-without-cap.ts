/** A token budget that limits nothing. */
import type { Rule } from '../rule.ts';
import type { Item, World } from '../world.ts';

type Filter = NonNullable<Item<'AIProviderRoute'>['spec']['rules'][number]['filters']>[number];
type Budget = NonNullable<Filter['tokenBudget']>;

function hasCap({ maxTokensPerDay, maxTokensPerExecution }: Budget): boolean {
  return maxTokensPerDay !== undefined || maxTokensPerExecution !== undefined;
}

/** Shared budgets that some rule gives a cap, as `namespace/name`. */
function cappedRefs(world: World): Set<string> {
  const capped = new Set<string>();
  for (const { namespace, spec } of world.all('AIProviderRoute')) {
    for (const { tokenBudget } of spec.rules.flatMap(({ filters = [] }) => filters)) {
      if (tokenBudget?.budgetRef !== undefined && hasCap(tokenBudget))
        capped.add(`${namespace}/${tokenBudget.budgetRef}`);
    }
  }
  return capped;
}

export const budgetWithoutCap: Rule = {
  id: 'budget-without-cap',
  severity: 'error',
  title: 'A token budget that limits nothing',
  why: 'A TokenBudget without maxTokensPerDay or maxTokensPerExecution looks like a limit in review and is none: an agent in a loop spends until somebody notices.',
  fix: 'Set maxTokensPerDay or maxTokensPerExecution, here or on a rule with the same budgetRef.',
  *check(world) {
    const capped = cappedRefs(world);
    for (const { manifest, namespace, spec } of world.own('AIProviderRoute')) {
      for (const [rule, { filters = [] }] of spec.rules.entries()) {
        for (const [filter, { tokenBudget }] of filters.entries()) {
          if (tokenBudget === undefined || hasCap(tokenBudget)) continue;
          if (capped.has(`${namespace}/${tokenBudget.budgetRef ?? ''}`)) continue;
          const path = ['spec', 'rules', rule, 'filters', filter, 'tokenBudget'];
          yield {
            manifest,
            path,
            message: 'the budget has neither maxTokensPerDay nor maxTokensPerExecution',
          };
        }
      }
    }
  },
};
