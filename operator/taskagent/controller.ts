/** TaskAgent → revision of its generation, name Service, cut-over, garbage collection of revisions, status. */
import {
  existingGateways,
  gatewayNames,
  isLive,
  label,
  resolveEnv,
  revisionsOf,
  type EnvVar,
} from '../compile/index.ts';
import { containmentOf } from '../../contract/index.ts';
import { changedObjects, ownerKeys } from '../change.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { faultOf, type Fault } from '../fault.ts';
import { kinds, type AgentSandboxRevision, type TaskAgent } from '../kind.ts';
import { requireOwn } from '../owner.ts';
import {
  conditionOf,
  keyOfObject,
  splitKey,
  type Finding,
  type KubeObject,
  type ReconcileResult,
  type World,
} from '../runtime/index.ts';
import { workersOf } from '../workers.ts';
import { desiredRevision, expiredRevisions, revisionName, servingSince } from '../revision.ts';
import { agentService } from './children.ts';
import { scheduleVerdict, type ScheduleVerdict } from './schedule-status.ts';
import { triggerFinding } from './trigger-status.ts';
import { agentVerdict } from './status.ts';

const overlapBeatMs = 2_000;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const agent = context.world.get(kinds.taskAgent, namespace, name);
  if (agent === undefined || !isLive(agent)) return {};
  // No status of its own for "not looked at yet": the CRD's default says it, and the whole one is written below.
  let fault: Fault | undefined;
  try {
    await applyChildren(context, agent);
  } catch (thrown) {
    fault = faultOf(thrown);
  }
  const verdict = agentVerdict({
    ...observe(context, agent, fault),
    schedule: await observeSchedule(context, agent),
    triggered: observeTriggers(context, agent),
  });
  await context.applier.applyStatus(kinds.taskAgent, agent, verdict.status);
  recordContainment(context, agent);
  recordProgress(context, agent, verdict.latestReady);
  recordWarmTrouble(context, agent, verdict.warm);
  const overlapping = await collectRevisions(context, agent, verdict.latestReady);
  const waits = [verdict.requeueAfterMs, overlapping].filter((ms) => ms !== undefined);
  return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
}

async function applyChildren(context: Context, agent: TaskAgent): Promise<void> {
  const owner = { kind: 'TaskAgent', metadata: agent.metadata };
  const { namespace } = agent.metadata;
  const revision = desiredRevision('TaskAgent', agent);
  const existing = context.world.get(kinds.agentSandboxRevision, namespace, revisionName(agent));
  requireOwn('AgentSandboxRevision', existing, owner);
  // Immutable once made: its spec is never applied again, whatever a newer operator would write.
  if (existing === undefined) {
    await context.applier.apply(kinds.agentSandboxRevision, revision, undefined);
  }
  const service = agentService(agent, context.settings().systemNamespace);
  const observed = context.world.get(kinds.service, namespace, service.metadata?.name ?? '');
  requireOwn('Service', observed, owner);
  await context.applier.apply(kinds.service, service, observed);
}

function observe(
  context: Context,
  agent: TaskAgent,
  fault: Fault | undefined,
): Omit<Parameters<typeof agentVerdict>[0], 'schedule' | 'triggered'> {
  const { world, dataPlanes, programmed } = context;
  const { namespace, name } = agent.metadata;
  const pool = world.get(kinds.workerPool, namespace, agent.spec.workerPoolRef);
  const workers = workersOf(context, namespace, agent.spec.workerPoolRef);
  const env = resolveEnv(world, agent, agent.spec.template.spec.env ?? []);
  const poolKey = `${namespace}/${agent.spec.workerPoolRef}`;
  const id = `${namespace}/${name}`;
  return {
    agent,
    poolExists: pool !== undefined && isLive(pool),
    gateways: existingGateways(world, agent),
    revisions: revisionsOf(world, agent),
    workers,
    envProblem: env.resolved ? undefined : env.message,
    fault: fault ?? oversize(context, id),
    programmed: (revision) =>
      programmed.workersServe(workers, poolKey, id, revision) &&
      programmed.ingressServes(dataPlanes.ingresses(), id, revision),
    now: context.now(),
  };
}

function observeTriggers({ dataPlanes }: Context, agent: TaskAgent): Finding | undefined {
  const { namespace, uid = '' } = agent.metadata;
  const heard = (subject: string): boolean => dataPlanes.isHeard({ namespace, uid }, subject);
  const isFull = dataPlanes.hearsNoMore(namespace);
  return triggerFinding(agent, { heard, isFull, hasIngress: dataPlanes.ingresses().length > 0 });
}

async function observeSchedule(
  { world, dataPlanes, now }: Context,
  agent: TaskAgent,
): Promise<ScheduleVerdict> {
  const { namespace, uid = '' } = agent.metadata;
  const isScheduled = agent.spec.schedule !== undefined;
  const mark = isScheduled ? await dataPlanes.scheduleMark({ namespace, uid }) : undefined;
  return scheduleVerdict({
    agent,
    mark,
    hasIngress: dataPlanes.ingresses().length > 0,
    agentsBeside: isScheduled ? world.list(kinds.taskAgent, namespace).length : 0,
    now: now(),
  });
}

/** Who closed and who opened an agent's egress is told on the agent. */
function recordContainment(context: Context, agent: TaskAgent): void {
  const contained = containmentOf(agent);
  const before = conditionOf(agent, 'EgressConfigured')?.reason === 'Contained';
  if (before === (contained !== undefined)) return;
  context.events.record(kinds.taskAgent, agent, {
    type: contained === undefined ? 'Normal' : 'Warning',
    reason: contained === undefined ? 'Released' : 'Contained',
    action: 'Contain',
    note: contained === undefined ? 'egress is what its routes say' : `egress is closed: ${contained}`,
  });
}

/** That it does not wait for its runs is told on the agent, once a time it begins not to, or in another way. */
function recordWarmTrouble(context: Context, agent: TaskAgent, warm: Finding | undefined): void {
  if (warm?.status !== 'False') return;
  const before = conditionOf(agent, warm.type);
  if (before?.status === 'False' && before.reason === warm.reason) return;
  context.events.record(kinds.taskAgent, agent, {
    type: 'Warning',
    reason: warm.reason,
    action: 'Warm',
    note: warm.message,
  });
}

/** Over its share of a document that has no room: it takes no calls. */
function oversize({ programmed }: Context, agent: string): Fault | undefined {
  const document = programmed.leftOutOf(agent);
  if (document === undefined) return undefined;
  const message =
    document.kind === 'shard'
      ? 'the agents of this namespace are over their share of what the ingress can hold; delete some, or spread them over namespaces'
      : `the config of WorkerPool ${document.pool} has no room for this agent; make its env smaller, or spread agents over pools`;
  return { reason: 'ConfigTooLarge', message };
}

/** A cut-over from one revision to the next; that the first one serves is in the status. */
function recordProgress(context: Context, agent: TaskAgent, latestReady: string | undefined): void {
  const before = agent.status?.latestReadyRevisionName ?? '';
  if (latestReady === undefined || before === '' || latestReady === before) return;
  const note = `revision ${latestReady} is ready and serves`;
  context.events.record(kinds.taskAgent, agent, {
    type: 'Normal',
    reason: 'RevisionReady',
    action: 'Rollout',
    note,
  });
}

/** Time to look again while an old revision is kept for calls that may still be on their way to it. */
async function collectRevisions(
  context: Context,
  agent: TaskAgent,
  ready: string | undefined,
): Promise<number | undefined> {
  const { namespace, name } = agent.metadata;
  const owned = revisionsOf(context.world, agent);
  const since = servingSince(owned.find(({ metadata }) => metadata.name === ready));
  const isTaken =
    ready !== undefined &&
    context.programmed.ingressServes(context.dataPlanes.ingresses(), `${namespace}/${name}`, ready);
  const expired = expiredRevisions(owned, {
    created: revisionName(agent),
    ready,
    servedBefore: agent.status?.latestReadyRevisionName,
    isTaken,
    readyForMs: since === undefined ? 0 : context.now() - since,
  });
  for (const { metadata } of expired) {
    const path = { namespace, name: metadata.name };
    await context.api.delete(kinds.agentSandboxRevision, path, metadata.uid ?? '');
  }
  const needed = new Set([revisionName(agent), ready]);
  const isOverlapping = owned.some((each) => !needed.has(each.metadata.name) && !expired.includes(each));
  return isOverlapping ? overlapBeatMs : undefined;
}

function agentsUsing(
  world: World,
  namespace: string | undefined,
  uses: (agent: TaskAgent) => boolean,
): string[] {
  return world
    .list(kinds.taskAgent, namespace)
    .filter(uses)
    .map((agent) => keyOfObject(agent as KubeObject));
}

export const taskAgentController: ControllerSpec = {
  name: 'taskagent',
  concurrency: 8,
  reconcile,
  watches: [
    { resource: kinds.taskAgent, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) },
    {
      resource: kinds.agentSandboxRevision,
      keysOf: (_world, change) => [
        ...ownerKeys('TaskAgent', change),
        // A namesake's leftover that went away frees the name for a new agent.
        ...changedObjects(change).map(
          ({ metadata }) =>
            `${metadata?.namespace ?? ''}/${(metadata as AgentSandboxRevision['metadata']).labels?.[label.agent] ?? ''}`,
        ),
      ],
    },
    { resource: kinds.service, keysOf: (_world, change) => ownerKeys('TaskAgent', change) },
    {
      resource: kinds.workerPool,
      keysOf: (world, { before, after }) => {
        // Only coming and going matters to an agent; a pool's status does not.
        if (before !== undefined && after !== undefined && before !== after && sameLife(before, after))
          return [];
        const { namespace, name } = (after ?? before)?.metadata ?? {};
        return agentsUsing(world, namespace, (agent) => agent.spec.workerPoolRef === name);
      },
    },
    {
      resource: kinds.egressGateway,
      keysOf: (world, { before, after }) => {
        const { namespace, name = '' } = (after ?? before)?.metadata ?? {};
        return agentsUsing(world, namespace, (agent) => gatewayNames(agent).includes(name));
      },
    },
    {
      resource: kinds.configMap,
      keysOf: (world, { before, after }) => {
        const { namespace, name } = (after ?? before)?.metadata ?? {};
        return agentsUsing(world, namespace, (agent) =>
          ((agent.spec.template.spec.env ?? []) as readonly EnvVar[]).some(
            (variable) => variable.valueFrom?.configMapKeyRef?.name === name,
          ),
        );
      },
    },
  ],
};

function sameLife(before: KubeObject, after: KubeObject): boolean {
  return (
    before.metadata?.uid === after.metadata?.uid &&
    before.metadata?.deletionTimestamp === after.metadata?.deletionTimestamp
  );
}
