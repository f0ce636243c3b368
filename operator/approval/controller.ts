/** Approvals: made of what gateways ask, their status, and their end. Of the spec it writes `request` alone, and once. */
import { approvalBounds, terminalLine, type ApprovalAsk } from '../../contract/index.ts';
import { agentOfAsk, isLive } from '../compile/index.ts';
import { changedObjects } from '../change.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { apiVersion, kinds, type Approval } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import { keyOfObject, splitKey, type ReconcileResult } from '../runtime/index.ts';
import { lastsMs } from './answer.ts';
import { isWaiting, ownApprovals } from './index-of-approvals.ts';
import { approvalStatus, callStateOf } from './status.ts';
import type { HeardAsk } from './asks.ts';

/** What nobody decided goes soon; what somebody decided stays to be looked at. */
const keptMs = { undecided: 10 * 60_000, decided: 24 * 60 * 60_000 } as const;
/** Of one agent at one gateway, over and undecided: who asks and goes leaves no more objects than this. */
const maxKeptOfAgent = 16;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const approval = context.world.get(kinds.approval, namespace, name);
  const heard = context.asks.get(namespace, name);
  if (approval === undefined) {
    if (heard !== undefined && context.asks.isWaiting(heard)) await create(context, namespace, name, heard);
    return {};
  }
  if (!isLive(approval)) return {};
  return await look(context, approval, heard);
}

async function look(
  context: Context,
  approval: Approval,
  heard: HeardAsk | undefined,
): Promise<ReconcileResult> {
  const now = context.now();
  const silentIn = context.asks.leftMs(heard);
  const call = callStateOf(approval, heard, silentIn === 0);
  const status = approvalStatus(approval, call, now);
  const endsIn = status.phase === 'Pending' ? undefined : endOf(approval, status) - now;
  if (endsIn !== undefined && endsIn <= 0) {
    await remove(context, approval);
    return {};
  }
  await context.applier.applyStatus(kinds.approval, approval, status);
  if (status.phase !== 'Pending')
    for (const each of superseded(context, approval)) await remove(context, each);
  const waits = [
    ...(call === 'Waiting' ? [Math.max(1_000, silentIn)] : []),
    ...(lastsMs(approval, now) > 0 ? [lastsMs(approval, now) + 100] : []),
    ...(endsIn === undefined ? [] : [endsIn]),
  ];
  return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
}

/** Those of its agent that are over and that nobody decided about, but the last ones. */
function superseded({ world }: Context, { metadata, spec }: Approval): readonly Approval[] {
  const { gateway, agent } = spec.request;
  const { ofAgent } = ownApprovals(world.list(kinds.approval, metadata.namespace), gateway, agent.uid);
  return ofAgent.filter((each) => !isWaiting(each)).slice(0, -maxKeptOfAgent);
}

async function remove({ api }: Context, { metadata }: Approval): Promise<void> {
  const { namespace, name, uid = '' } = metadata;
  await api.delete(kinds.approval, { namespace, name }, uid);
}

/** When nobody needs it any more. */
function endOf({ metadata, spec }: Approval, { validUntil }: { readonly validUntil?: string }): number {
  const expires = Date.parse(spec.request.expiresAt) || Date.parse(metadata.creationTimestamp ?? '') || 0;
  const kept = spec.decision === undefined ? keptMs.undecided : keptMs.decided;
  return Math.max(expires, Date.parse(validUntil ?? '') || 0) + kept;
}

function requestOf(ask: ApprovalAsk, gateway: string, now: number): Approval['spec']['request'] {
  const { kind, name, uid } = ask.agent;
  return {
    ...{ id: ask.id, gateway, agent: { kind, name, uid }, invocation: ask.invocation || 'none' },
    ...{ route: ask.route, key: ask.key, call: ask.call },
    expiresAt: new Date(now + Math.min(ask.leftMs, approvalBounds.waitMs)).toISOString(),
  };
}

/** What an agent wrote may be read where escapes are carried out. */
function describe({ agent, call }: ApprovalAsk): string {
  const what = call.tool === undefined ? `${call.method} ${call.path ?? ''}` : `the tool ${call.tool}`;
  return terminalLine(
    `${agent.kind} ${agent.name} asks for ${what.slice(0, 400)} at ${call.host}:${call.port}`,
  );
}

async function create(
  context: Context,
  namespace: string,
  name: string,
  { ask, gateway }: HeardAsk,
): Promise<void> {
  const agent = agentOfAsk(context.world, namespace, ask.agent);
  if (agent === undefined) return;
  const owner = { apiVersion, kind: ask.agent.kind, name: ask.agent.name, uid: ask.agent.uid };
  const desired = {
    metadata: { name, namespace, labels: managedLabels('approval'), ownerReferences: [owner] },
    spec: { request: requestOf(ask, gateway, context.now()) },
  };
  await context.applier.apply(kinds.approval, desired, undefined);
  context.events.record(ask.agent.kind === 'DaemonAgent' ? kinds.daemonAgent : kinds.taskAgent, agent, {
    ...{ type: 'Normal', reason: 'ApprovalRequested', action: 'Ask' },
    note: `${describe(ask)}; decide with clrk approvals show ${name} -n ${namespace}`,
  });
}

export const approvalController: ControllerSpec = {
  name: 'approval',
  concurrency: 4,
  reconcile,
  watches: [
    { resource: kinds.approval, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) },
  ],
};
