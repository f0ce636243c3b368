/** A budget of a day that gateways of several namespaces count, each namespace for itself. */
import { countedApart, countingNamespaces } from '../../contract/index.ts';
import type { Rule } from '../rule.ts';
import { topologyOf } from '../topology.ts';
import { budgetsOf, type PlacedBudget } from '../token-budget.ts';

const isOfDay = ({ budget }: PlacedBudget): boolean =>
  (budget.maxTokensPerDay ?? budget.maxCostPerDay) !== undefined;

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
      const together = all.filter(({ account }) => account === placed.account);
      const gateways = together.flatMap(({ route }) => topology.gatewaysOf(route));
      const said = countedApart(countingNamespaces(gateways));
      if (said === undefined) continue;
      yield { manifest: placed.route.manifest, path: placed.path, message: `the budget ${said}` };
    }
  },
};
