/** EgressL4Route status. What it opens is compiled with its gateway. */
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { graceRequeue, markPending, previousConditions } from '../pending.ts';
import { backendWatch, filterWatches, resolvedPlaces } from '../route-filter.ts';
import { routeStatus } from '../route-status.ts';
import { routeWatches } from '../route-watches.ts';
import { splitKey, type ReconcileResult } from '../runtime/index.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const route = context.world.get(kinds.egressL4Route, namespace, name);
  if (route === undefined || !isLive(route)) return {};
  await markPending(context, kinds.egressL4Route, route);
  const { world } = context;
  const status = routeStatus({
    world,
    route: { ...route, kind: 'EgressL4Route' },
    resolvedRefs: resolvedPlaces(world, route),
    now: context.now(),
  });
  await context.applier.applyStatus(kinds.egressL4Route, route, status);
  return graceRequeue(previousConditions(route), context.now());
}

export const egressL4RouteController: ControllerSpec = {
  name: 'egressl4route',
  concurrency: 2,
  reconcile,
  watches: [
    ...routeWatches(kinds.egressL4Route),
    ...filterWatches(kinds.egressL4Route),
    backendWatch(kinds.egressL4Route),
  ],
};
