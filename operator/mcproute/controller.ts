/** MCPRoute status. What it opens and which tools it allows is compiled with its gateway. */
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { graceRequeue, markPending, previousConditions } from '../pending.ts';
import { backendWatch, filterWatches, resolvedMcpRules } from '../route-filter.ts';
import { routeStatus } from '../route-status.ts';
import { routeWatches } from '../route-watches.ts';
import { splitKey, type ReconcileResult } from '../runtime/index.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const route = context.world.get(kinds.mcpRoute, namespace, name);
  if (route === undefined || !isLive(route)) return {};
  await markPending(context, kinds.mcpRoute, route);
  const { world } = context;
  const status = routeStatus({
    world,
    route: { ...route, kind: 'MCPRoute' },
    resolvedRefs: resolvedMcpRules(world, route),
    now: context.now(),
  });
  await context.applier.applyStatus(kinds.mcpRoute, route, status);
  return graceRequeue(previousConditions(route), context.now());
}

export const mcpRouteController: ControllerSpec = {
  name: 'mcproute',
  concurrency: 2,
  reconcile,
  watches: [...routeWatches(kinds.mcpRoute), ...filterWatches(kinds.mcpRoute), backendWatch(kinds.mcpRoute)],
};
