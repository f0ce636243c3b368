/** The thresholds of budgets that a pod knows to be passed, of those that each of its processes knows: each is told once. Pure. */
import { maxWarnings, type BudgetWarning } from '../../contract/index.ts';

export function combineWarnings(known: ReadonlyArray<readonly BudgetWarning[]>): BudgetWarning[] {
  const all = new Map<string, BudgetWarning>();
  for (const warnings of known) for (const warning of warnings) all.set(JSON.stringify(warning), warning);
  return [...all.values()].slice(0, maxWarnings);
}
