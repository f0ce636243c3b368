/** DaemonAgent → revision of its generation, garbage collection of older ones, status. */
import { changedObjects, ownerKeys } from '../change.ts';
import { existingGateways, gatewayNames, isLive, resolveEnv, revisionsOf } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { faultOf, type Fault } from '../fault.ts';
import { kinds, type DaemonAgent } from '../kind.ts';
import { requireOwn } from '../owner.ts';
import { markPending } from '../pending.ts';
import { desiredRevision, expiredRevisions, revisionName } from '../revision.ts';
import {
  keyOfObject,
  splitKey,
  type KubeObject,
  type ObjectChange,
  type ReconcileResult,
  type World,
} from '../runtime/index.ts';
import { daemonStatus } from './status.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const agent = context.world.get(kinds.daemonAgent, namespace, name);
  if (agent === undefined || !isLive(agent)) return {};
  await markPending(context, kinds.daemonAgent, agent);
  let fault: Fault | undefined;
  try {
    await applyRevision(context, agent);
  } catch (thrown) {
    fault = faultOf(thrown);
  }
  await context.applier.applyStatus(kinds.daemonAgent, agent, observe(context, agent, fault));
  await collectRevisions(context, agent);
  return {};
}

async function applyRevision(context: Context, agent: DaemonAgent): Promise<void> {
  const existing = context.world.get(
    kinds.agentSandboxRevision,
    agent.metadata.namespace,
    revisionName(agent),
  );
  requireOwn('AgentSandboxRevision', existing, { kind: 'DaemonAgent', metadata: agent.metadata });
  // Immutable once made.
  if (existing !== undefined) return;
  await context.applier.apply(kinds.agentSandboxRevision, desiredRevision('DaemonAgent', agent), undefined);
}

function observe(context: Context, agent: DaemonAgent, fault: Fault | undefined): object {
  const { world } = context;
  const pool = world.get(kinds.workerPool, agent.metadata.namespace, agent.spec.workerPoolRef);
  const env = resolveEnv(world, agent, agent.spec.template.spec.env ?? []);
  return daemonStatus({
    agent,
    poolExists: pool !== undefined && isLive(pool),
    gateways: existingGateways(world, agent),
    envProblem: env.resolved ? undefined : env.message,
    fault,
    now: context.now(),
  });
}

async function collectRevisions(context: Context, agent: DaemonAgent): Promise<void> {
  // No calls are sent to a daemon.
  const keep = {
    created: revisionName(agent),
    ready: undefined,
    servedBefore: undefined,
    isTaken: true,
    readyForMs: Number.POSITIVE_INFINITY,
  };
  for (const { metadata } of expiredRevisions(revisionsOf(context.world, agent), keep)) {
    const { namespace, name, uid = '' } = metadata;
    await context.api.delete(kinds.agentSandboxRevision, { namespace, name }, uid);
  }
}

function agentsUsing(
  world: World,
  change: ObjectChange,
  uses: (agent: DaemonAgent, name: string) => boolean,
) {
  const { namespace, name = '' } = (change.after ?? change.before)?.metadata ?? {};
  return world
    .list(kinds.daemonAgent, namespace)
    .filter((agent) => uses(agent, name))
    .map((agent) => keyOfObject(agent as KubeObject));
}

export const daemonAgentController: ControllerSpec = {
  name: 'daemonagent',
  concurrency: 4,
  reconcile,
  watches: [
    { resource: kinds.daemonAgent, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) },
    { resource: kinds.agentSandboxRevision, keysOf: (_world, change) => ownerKeys('DaemonAgent', change) },
    {
      resource: kinds.workerPool,
      keysOf: (world, change) =>
        agentsUsing(world, change, (agent, name) => agent.spec.workerPoolRef === name),
    },
    {
      resource: kinds.egressGateway,
      keysOf: (world, change) =>
        agentsUsing(world, change, (agent, name) => gatewayNames(agent).includes(name)),
    },
    {
      resource: kinds.configMap,
      keysOf: (world, change) =>
        agentsUsing(world, change, (agent, name) =>
          (agent.spec.template.spec.env ?? []).some((each) => each.valueFrom?.configMapKeyRef?.name === name),
        ),
    },
  ],
};
