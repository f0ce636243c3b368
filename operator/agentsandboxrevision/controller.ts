/** AgentSandboxRevision status. The object itself is made and removed by its agent's controller. */
import type { WorkerStatus } from '../../contract/index.ts';
import { isLive, agentOfRevision, poolOfRevision, type AnyAgent } from '../compile/index.ts';
import { changedObjects } from '../change.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type AgentSandboxRevision } from '../kind.ts';
import { keyOf, keyOfObject, splitKey, type ObjectChange, type ReconcileResult } from '../runtime/index.ts';
import { previousConditions } from '../pending.ts';
import { workersOf } from '../workers.ts';
import { revisionStatus } from './status.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const revision = context.world.get(kinds.agentSandboxRevision, namespace, name);
  if (revision === undefined || !isLive(revision)) return {};
  const agent = agentOf(context, revision);
  const pool = agent === undefined ? undefined : poolOfRevision(agent, revision);
  const workers = pool === undefined ? [] : workersOf(context, namespace, pool);
  const serving = agent?.status?.latestReadyRevisionName === name;
  if (!serving && isUnheardOf(revision, workers)) return {};
  const status = revisionStatus({
    revision,
    workers,
    serving,
    now: context.now(),
  });
  await context.applier.applyStatus(kinds.agentSandboxRevision, revision, status);
  return {};
}

/** No worker has said a word of it, and nothing was said of it before: its agent's status tells that alone. */
function isUnheardOf(revision: AgentSandboxRevision, workers: readonly WorkerStatus[]): boolean {
  const { namespace, name } = revision.metadata;
  const isKnown = workers.some((worker) => worker.images[`${namespace}/${name}`] !== undefined);
  return !isKnown && previousConditions(revision).length === 0;
}

function agentOf(context: Context, revision: AgentSandboxRevision): AnyAgent | undefined {
  const agent = agentOfRevision(revision);
  if (agent === undefined) return undefined;
  const kind = agent.kind === 'DaemonAgent' ? kinds.daemonAgent : kinds.taskAgent;
  return context.world.get<AnyAgent>(kind, agent.namespace, agent.name);
}

export const agentSandboxRevisionController: ControllerSpec = {
  name: 'agentsandboxrevision',
  concurrency: 8,
  reconcile,
  watches: [
    {
      resource: kinds.agentSandboxRevision,
      keysOf: (_world, change) => changedObjects(change).map(keyOfObject),
    },
    { resource: kinds.taskAgent, keysOf: (_world, change) => cutOverOf(change) },
    { resource: kinds.daemonAgent, keysOf: (_world, change) => cutOverOf(change) },
  ],
};

/** A cut-over moves Active from one revision to the next. */
function cutOverOf({ before, after }: ObjectChange): readonly string[] {
  const serving = [before, after].map(
    (object) => (object as AnyAgent | undefined)?.status?.latestReadyRevisionName,
  );
  if (before !== after && serving[0] === serving[1]) return [];
  const namespace = (after ?? before)?.metadata?.namespace;
  return serving.flatMap((name) => (name === undefined || name === '' ? [] : [keyOf(namespace, name)]));
}
