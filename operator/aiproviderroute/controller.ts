/** AIProviderRoute status. What it opens and where calls go is compiled with its gateway. */
import { isLive, untranslatedBackends } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type AIProviderRoute } from '../kind.ts';
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
  const status = routeStatus({
    world,
    route: { ...route, kind: 'AIProviderRoute' },
    resolvedRefs: resolvedRefs(world, route),
    now: context.now(),
  });
  await context.applier.applyStatus(kinds.aiProviderRoute, route, status);
  return graceRequeue(previousConditions(route), context.now());
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
