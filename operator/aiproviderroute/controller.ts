/** AIProviderRoute status. What it opens and where calls go is compiled with its gateway. */
import { isLive, untranslatedBackends } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type AIProviderRoute } from '../kind.ts';
import { keyOfMark, marksOf, type BudgetMark } from './budget-marks.ts';
import { budgetFindings, eventNameOf, isTeller, noteOf } from './budget-status.ts';
import { graceRequeue, markPending, previousConditions } from '../pending.ts';
import { backendWatch, filterWatches, missingBackends, resolvedFilters } from '../route-filter.ts';
import { routeStatus } from '../route-status.ts';
import { routeWatches } from '../route-watches.ts';
import { splitKey, type Finding, type ReconcileResult, type World } from '../runtime/index.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const route = context.world.get(kinds.aiProviderRoute, namespace, name);
  if (route === undefined || !isLive(route)) return {};
  await markPending(context, kinds.aiProviderRoute, route);
  const { world } = context;
  const now = context.now();
  const before = route.status?.budgets ?? [];
  const marks = marksOf(world, route, { words: context.dataPlanes.gateways(), before, now });
  const status = routeStatus({
    world,
    route: { ...route, kind: 'AIProviderRoute' },
    resolvedRefs: resolvedRefs(world, route),
    more: budgetFindings(world, route, marks),
    now,
  });
  tell(context, route, { marks, before });
  const budgets = marks.length === 0 ? {} : { budgets: marks };
  await context.applier.applyStatus(kinds.aiProviderRoute, route, { ...status, ...budgets });
  const grace = graceRequeue(previousConditions(route), now);
  return grace.requeueAfterMs === undefined && marks.length > 0
    ? { requeueAfterMs: dayMs - (now % dayMs) + afterMidnightMs }
    : grace;
}

const dayMs = 24 * 60 * 60_000;
const afterMidnightMs = 1_000;

/** Before the status says so: whoever comes between writes the same Event, which is there already. */
function tell(
  { world, events }: Context,
  route: AIProviderRoute,
  { marks, before }: { readonly marks: readonly BudgetMark[]; readonly before: readonly BudgetMark[] },
): void {
  const told = new Set(before.map(keyOfMark));
  for (const mark of marks) {
    if (told.has(keyOfMark(mark)) || !isTeller(world, route, mark)) continue;
    events.recordOnce(kinds.aiProviderRoute, route, noteOf(mark), eventNameOf(route, mark));
  }
}

export function resolvedRefs(world: World, route: AIProviderRoute): Finding {
  const missing = missingBackends(world, route, 'api');
  if (missing !== undefined) return missing;
  const unused = [...new Set(untranslatedBackends(world, route))];
  return unused.length === 0
    ? resolvedFilters(world, { ...route, kind: 'AIProviderRoute' })
    : { type: 'ResolvedRefs', status: 'False', reason: 'TranslationUnsupported', message: unused.join('; ') };
}

export const aiProviderRouteController: ControllerSpec = {
  name: 'aiproviderroute',
  concurrency: 2,
  reconcile,
  watches: [
    ...routeWatches(kinds.aiProviderRoute),
    ...filterWatches(kinds.aiProviderRoute),
    backendWatch(kinds.aiProviderRoute),
  ],
};
