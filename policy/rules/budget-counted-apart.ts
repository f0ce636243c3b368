/** A budget of a day that gateways of several namespaces count, each namespace for itself. */
import type { Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import { budgetsOf, type PlacedBudget } from '../token-budget.ts';

const isOfDay = ({ budget }: PlacedBudget): boolean =>
  (budget.maxTokensPerDay ?? budget.maxCostPerDay) !== undefined;

/** Those that count together share it; a budget without a name is alone. */
function sharedWith(placed: PlacedBudget, all: readonly PlacedBudget[]): readonly PlacedBudget[] {
  const { budgetRef } = placed.budget;
  if (budgetRef === undefined) return [placed];
  const { namespace } = placed.route;
  return all.filter(({ route, budget }) => route.namespace === namespace && budget.budgetRef === budgetRef);
}

export const budgetCountedApart: Rule = {
  id: 'budget-counted-apart',
  severity: 'warn',
  title: 'A budget that is counted once in each of several namespaces',
  why: 'The gateways of a namespace count a budget together, and each namespace counts for itself. A route attached to gateways of two, or a budgetRef that routes of both use, may spend twice what is written.',
  fix: 'Attach the route to gateways of one namespace, or divide the limit and write a route of its own for each namespace.',
  *check(world) {
    const topology = topologyOf(world);
    const all = budgetsOf(world.all('AIProviderRoute'));
    for (const placed of budgetsOf(world.own('AIProviderRoute')).filter(isOfDay)) {
      const gateways = sharedWith(placed, all).flatMap(({ route }) => topology.gatewaysOf(route));
      const namespaces = [...new Set(gateways.map(({ namespace }) => namespace))].sort();
      if (namespaces.length < 2) continue;
      const message = `the budget is counted apart by the gateways of ${namespaces.join(' and ')}: up to ${namespaces.length} times its limit may be used in a day`;
      yield { manifest: placed.route.manifest, path: placed.path, message };
    }
  },
};
