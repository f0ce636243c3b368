/** DaemonAgent → revision of its generation, garbage collection of older ones, status. */
import { changedObjects, ownerKeys } from '../change.ts';
import {
  existingGateways,
  gatewayNames,
  isLive,
  poolsOfAgent,
  resolveEnv,
  revisionsOf,
} from '../compile/index.ts';
import { agentId } from '../../contract/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { faultOf, type Fault } from '../fault.ts';
import { kinds, type DaemonAgent } from '../kind.ts';
import { requireOwn } from '../owner.ts';
import { markPending } from '../pending.ts';
import { desiredRevision, expiredRevisions, revisionName, servingSince } from '../revision.ts';
import {
  keyOfObject,
  splitKey,
  type KubeObject,
  type ObjectChange,
  type ReconcileResult,
  type World,
} from '../runtime/index.ts';
import { daemonVerdict, wordOfDaemon, type DaemonObservation, type DaemonVerdict } from './status.ts';

const overlapBeatMs = 2_000;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const agent = context.world.get(kinds.daemonAgent, namespace, name);
  if (agent === undefined || !isLive(agent)) return {};
  await markPending(context, kinds.daemonAgent, agent);
  await context.dataPlanes.keepDaemons(namespace);
  let fault: Fault | undefined;
  try {
    await applyRevision(context, agent);
  } catch (thrown) {
    fault = faultOf(thrown);
  }
  const observation = observe(context, agent, fault);
  const id = agentId({ kind: 'DaemonAgent', namespace, name });
  const verdict = daemonVerdict(observation, wordOfDaemon(id, observation.workers));
  await context.applier.applyStatus(kinds.daemonAgent, agent, verdict.status);
  recordPhase(context, agent, verdict);
  const overlapping = await collectRevisions(context, agent, verdict);
  const waits = [verdict.requeueAfterMs, overlapping].filter((ms) => ms !== undefined);
  return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
}

async function applyRevision(context: Context, agent: DaemonAgent): Promise<void> {
  const { namespace, uid = '' } = agent.metadata;
  const existing = context.world.get(kinds.agentSandboxRevision, namespace, revisionName(agent));
  requireOwn('AgentSandboxRevision', existing, { kind: 'DaemonAgent', metadata: agent.metadata });
  // Immutable once made.
  if (existing !== undefined) return;
  // Without a revision no worker can have been told of it.
  if (revisionsOf(context.world, agent).length === 0) {
    await context.dataPlanes.seedDaemon({ namespace, uid });
  }
  await context.applier.apply(kinds.agentSandboxRevision, desiredRevision('DaemonAgent', agent), undefined);
}

function observe(context: Context, agent: DaemonAgent, fault: Fault | undefined): DaemonObservation {
  const { world, dataPlanes, programmed } = context;
  const { namespace, name } = agent.metadata;
  const pool = world.get(kinds.workerPool, namespace, agent.spec.workerPoolRef);
  const env = resolveEnv(world, agent, agent.spec.template.spec.env ?? []);
  // While it moves, the workers it leaves speak of it too.
  const pools = poolsOfAgent(world, agent);
  const document = programmed.leftOutOf(`${namespace}/${name}`);
  const message =
    'the config of its WorkerPool has no room for it; make its env smaller, or spread agents over pools';
  return {
    agent,
    poolExists: pool !== undefined && isLive(pool),
    gateways: existingGateways(world, agent),
    revisions: revisionsOf(world, agent),
    workers: dataPlanes.workers().filter((word) => word.namespace === namespace && pools.includes(word.pool)),
    envProblem: env.resolved ? undefined : env.message,
    fault: fault ?? (document?.kind === 'pool' ? { reason: 'ConfigTooLarge', message } : undefined),
    now: context.now(),
  };
}

/** That it ends again and again is told on the agent, once a time it begins to. */
function recordPhase(context: Context, agent: DaemonAgent, { phase, summary }: DaemonVerdict): void {
  if (phase !== 'CrashLoopBackOff' || agent.status?.phase === phase) return;
  const note = 'message' in summary ? summary.message : '';
  context.events.record(kinds.daemonAgent, agent, {
    type: 'Warning',
    reason: 'BackOff',
    action: 'Run',
    note,
  });
}

/** Time to look again while an older revision may still be ending. */
async function collectRevisions(
  context: Context,
  agent: DaemonAgent,
  { latestReady, isTaken }: DaemonVerdict,
): Promise<number | undefined> {
  const owned = revisionsOf(context.world, agent);
  const since = servingSince(owned.find(({ metadata }) => metadata.name === latestReady));
  const expired = expiredRevisions(owned, {
    created: revisionName(agent),
    ready: latestReady,
    servedBefore: agent.status?.latestReadyRevisionName,
    isTaken,
    readyForMs: readyForMs(context, latestReady, since),
  });
  for (const { metadata } of expired) {
    const { namespace, name, uid = '' } = metadata;
    await context.api.delete(kinds.agentSandboxRevision, { namespace, name }, uid);
  }
  const needed = new Set([revisionName(agent), latestReady]);
  const isOverlapping = owned.some((each) => !needed.has(each.metadata.name) && !expired.includes(each));
  return isOverlapping ? overlapBeatMs : undefined;
}

/** Where none is ready none runs, and none of the older ones ever will. */
function readyForMs(context: Context, ready: string | undefined, since: number | undefined): number {
  if (ready === undefined) return Number.POSITIVE_INFINITY;
  return since === undefined ? 0 : context.now() - since;
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
