/** The live workers of one pool, as NATS has them. */
import type { WorkerStatus } from '../contract/index.ts';
import type { Context } from './context.ts';

export function workersOf(context: Context, namespace: string, pool: string): readonly WorkerStatus[] {
  return context.dataPlanes.workers().filter((word) => word.namespace === namespace && word.pool === pool);
}
