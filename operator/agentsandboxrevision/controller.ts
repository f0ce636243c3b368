/** AgentSandboxRevision status. The object itself is made and removed by its TaskAgent's controller. */
import { agentOfRevision, isLive, poolOfRevision, type AnyAgent } from '../compile/index.ts';
import { changedObjects } from '../change.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type AgentSandboxRevision, type TaskAgent } from '../kind.ts';
import { keyOf, keyOfObject, splitKey, type ReconcileResult } from '../runtime/index.ts';
import { workersOf } from '../workers.ts';
import { revisionStatus } from './status.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const revision = context.world.get(kinds.agentSandboxRevision, namespace, name);
  if (revision === undefined || !isLive(revision)) return {};
  const agent = agentOf(context, revision);
  const pool = agent === undefined ? undefined : poolOfRevision(agent, revision);
  const status = revisionStatus({
    revision,
    workers: pool === undefined ? [] : workersOf(context, namespace, pool),
    serving: agent?.status?.latestReadyRevisionName === name,
    now: context.now(),
  });
  await context.applier.applyStatus(kinds.agentSandboxRevision, revision, status);
  return {};
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
    {
      resource: kinds.taskAgent,
      // A cut-over moves Active from one revision to the next.
      keysOf: (_world, { before, after }) => {
        const serving = [before, after].map(
          (object) => (object as TaskAgent | undefined)?.status?.latestReadyRevisionName,
        );
        if (before !== after && serving[0] === serving[1]) return [];
        const namespace = (after ?? before)?.metadata?.namespace;
        return serving.flatMap((name) => (name === undefined || name === '' ? [] : [keyOf(namespace, name)]));
      },
    },
  ],
};
