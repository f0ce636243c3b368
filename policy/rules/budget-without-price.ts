/** A budget in money over models whose price nobody knows. */
import { hasPrice } from '../../decision/index.ts';
import type { Rule } from '../rule.ts';
import { budgetsOf, type PlacedBudget } from '../token-budget.ts';

const isName = (text: string): boolean => !/[*?[\\]/.test(text);

/** As `openai model gpt-9`; a pattern may be of models that have one. */
function unpriced({ rule }: PlacedBudget): string[] {
  return (rule.matches ?? []).flatMap(({ provider, models = [] }) => {
    if (provider === 'custom') return ['every model of provider custom'];
    const renamed = (rule.backendRefs ?? []).length > 0;
    // A Backend may ask for another one.
    if (renamed) return [];
    return models
      .filter((model) => isName(model) && !hasPrice(provider, model))
      .map((model) => `${provider} model ${model}`);
  });
}

export const budgetWithoutPrice: Rule = {
  id: 'budget-without-price',
  severity: 'error',
  title: 'A budget in money over models without a price',
  why: 'A gateway counts money by the price of the model, and refuses a call whose price it does not know rather than guess: nothing the rule names would pass.',
  fix: 'Name models whose price is known, or set maxTokensPerDay or maxTokensPerExecution instead.',
  *check(world) {
    for (const placed of budgetsOf(world.own('AIProviderRoute'))) {
      const { maxCostPerDay, maxCostPerExecution } = placed.budget;
      if (maxCostPerDay === undefined && maxCostPerExecution === undefined) continue;
      const models = [...new Set(unpriced(placed))];
      if (models.length === 0) continue;
      const message = `the budget is in money, and no price is known of ${models.join(', ')}: calls of them are refused`;
      yield { manifest: placed.route.manifest, path: placed.path, message };
    }
  },
};
