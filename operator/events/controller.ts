/** Triggers of a namespace's living TaskAgents → its streams and consumers in NATS. One key a namespace. */
import type { WantedTrigger } from '../../process/index.ts';
import { heardTriggers } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type TaskAgent } from '../kind.ts';
import type { ObjectChange, ReconcileResult, World } from '../runtime/index.ts';

/** NATS is away, or refused. */
const retryMs = 5_000;

export function wantedTriggers(world: World, namespace: string): WantedTrigger[] {
  return heardTriggers(world, namespace).map(({ agent, subject }) => ({
    ...{ uid: agent.metadata.uid ?? '', subject },
    maxConcurrent: agent.spec.maxConcurrent ?? 0,
  }));
}

async function reconcile({ world, dataPlanes, log }: Context, namespace: string): Promise<ReconcileResult> {
  const why = await dataPlanes.keepTriggers(namespace, wantedTriggers(world, namespace));
  if (why === undefined) return {};
  log.warn({ namespace, reason: why }, 'events of a namespace have no place yet');
  return { requeueAfterMs: retryMs };
}

/** What has never had a trigger asks NATS for nothing. */
function keysOf(_world: World, { before, after }: ObjectChange): string[] {
  const agents = [before, after] as ReadonlyArray<TaskAgent | undefined>;
  const touched = agents.some((agent) => (agent?.spec.triggers ?? []).length > 0);
  return touched ? [(after ?? before)?.metadata?.namespace ?? ''] : [];
}

export const eventsController: ControllerSpec = {
  name: 'events',
  concurrency: 2,
  reconcile,
  watches: [{ resource: kinds.taskAgent, keysOf, delayMs: 50 }],
};
