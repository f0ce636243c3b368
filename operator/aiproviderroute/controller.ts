/** AIProviderRoute status. What it opens and where calls go is compiled with its gateway. */
import { changedObjects } from '../change.ts';
import { isLive, unresolvedBackends, untranslatedBackends } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type AIProviderRoute } from '../kind.ts';
import { keyOfMark, marksOf, type BudgetMark } from './budget-marks.ts';
import { budgetFindings, eventNameOf, isTeller, noteOf } from './budget-status.ts';
import { graceRequeue, markPending, previousConditions } from '../pending.ts';
import { filterWatches, resolvedExtensions } from '../route-filter.ts';
import { routeStatus } from '../route-status.ts';
import { routeWatches } from '../route-watches.ts';
import {
  keyOfObject,
  splitKey,
  type Finding,
  type KubeObject,
  type ReconcileResult,
  type World,
} from '../runtime/index.ts';

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
  const type = 'ResolvedRefs';
  const failed = unresolvedBackends(world, route);
  const [first] = failed;
  if (first === undefined) {
    const unused = [...new Set(untranslatedBackends(world, route))];
    return unused.length === 0
      ? resolvedExtensions(world, route)
      : { type, status: 'False', reason: 'TranslationUnsupported', message: unused.join('; ') };
  }
  const message = failed.map((each) => each.message).join('; ');
  return { type, status: 'False', reason: first.reason, message };
}

export const aiProviderRouteController: ControllerSpec = {
  name: 'aiproviderroute',
  concurrency: 2,
  reconcile,
  watches: [
    ...routeWatches(kinds.aiProviderRoute),
    ...filterWatches(kinds.aiProviderRoute),
    {
      resource: kinds.backend,
      keysOf: (world, change) => {
        const names = new Set(changedObjects(change).map(({ metadata }) => metadata?.name));
        return world
          .list(kinds.aiProviderRoute, (change.after ?? change.before)?.metadata?.namespace)
          .filter((route) =>
            route.spec.rules.some((rule) => (rule.backendRefs ?? []).some((ref) => names.has(ref.name))),
          )
          .map((route) => keyOfObject(route as KubeObject));
      },
    },
  ],
};
