/** CLRKConfig status: the one object named `default` in the system namespace counts, any other is told so. */
import { changedObjects } from '../change.ts';
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { markPending } from '../pending.ts';
import { keyOfObject, splitKey, type ReconcileResult } from '../runtime/index.ts';
import { clrkConfigStatus } from './status.ts';

const kind = kinds.clrkConfig;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const config = context.world.get(kind, namespace, name);
  if (config === undefined || !isLive(config)) return {};
  await markPending(context, kind, config);
  const status = clrkConfigStatus(config, {
    systemNamespace: context.settings().systemNamespace,
    now: context.now(),
    recordRoom: context.dataPlanes.recordRoom(),
  });
  await context.applier.applyStatus(kind, config, status);
  return {};
}

export const clrkConfigController: ControllerSpec = {
  name: 'clrkconfig',
  concurrency: 1,
  reconcile,
  watches: [{ resource: kind, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) }],
};
