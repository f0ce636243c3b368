/**
 * Who belongs to whom: agents of a pool, agents and pools of a gateway, revisions of an agent. All references are within one
 * namespace. An agent that moves to another pool is of both until the revision that serves in the old one is gone.
 */
import { agentKinds, containmentOf, type AgentRef } from '../../contract/index.ts';
import {
  kinds,
  type AgentSandboxRevision,
  type DaemonAgent,
  type EgressGateway,
  type TaskAgent,
  type WorkerPool,
} from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { label, labelValue } from './name.ts';
import { isLive } from './order.ts';

export type AnyAgent = TaskAgent | DaemonAgent;

/** Lists of the API server leave the kind out. */
export interface KindedAgent {
  readonly kind: AgentRef['kind'];
  readonly agent: AnyAgent;
}

/** One that is contained has none: no gateway takes its connections, and those under way end. */
export function gatewayNames(agent: AnyAgent): readonly string[] {
  if (containmentOf(agent) !== undefined) return [];
  return [...new Set((agent.spec.egressRefs ?? []).map((ref) => ref.gatewayRef))];
}

/** Of every kind. */
export function agentsIn(world: World, namespace: string): readonly KindedAgent[] {
  const tasks = world.list(kinds.taskAgent, namespace);
  const daemons = world.list(kinds.daemonAgent, namespace);
  const all: readonly KindedAgent[] = [
    ...tasks.map((agent): KindedAgent => ({ kind: 'TaskAgent', agent })),
    ...daemons.map((agent): KindedAgent => ({ kind: 'DaemonAgent', agent })),
  ];
  return all.filter(({ agent }) => isLive(agent));
}

export function refOf({ kind, agent: { metadata } }: KindedAgent): AgentRef {
  return { kind, namespace: metadata.namespace, name: metadata.name };
}

export function agentsOfGateway(world: World, gateway: EgressGateway): readonly KindedAgent[] {
  const { namespace, name } = gateway.metadata;
  return agentsIn(world, namespace).filter(({ agent }) => gatewayNames(agent).includes(name));
}

/** An agent with its revisions on this pool. */
export interface PoolMember extends KindedAgent {
  readonly revisions: readonly AgentSandboxRevision[];
}

export function agentsOfPool(world: World, pool: WorkerPool): readonly PoolMember[] {
  const { namespace, name } = pool.metadata;
  const revisions = revisionsByOwner(world, namespace);
  return agentsIn(world, namespace).flatMap(({ kind, agent }) => {
    const own = revisions.get(agent.metadata.uid ?? '') ?? [];
    const here = own.filter((revision) => poolOfRevision(agent, revision) === name);
    return agent.spec.workerPoolRef === name || here.length > 0 ? [{ kind, agent, revisions: here }] : [];
  });
}

/** Pools whose workers run, or are to run, something of this agent. */
export function poolsOfAgent(world: World, agent: AnyAgent): readonly string[] {
  const now = revisionsOf(world, agent).map((revision) => poolOfRevision(agent, revision));
  return [...new Set([agent.spec.workerPoolRef, ...now])];
}

/** The pool it was made for; of names as long as a label's value. */
export function poolOfRevision(agent: AnyAgent, revision: AgentSandboxRevision): string {
  return revision.metadata.labels?.[label.revisionPool] ?? agent.spec.workerPoolRef;
}

/** Whose revision it is. Its labels say so too, but a long name is hashed in a label. */
export function agentOfRevision({ metadata }: AgentSandboxRevision): AgentRef | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const kind = agentKinds.find((each) => each === owner?.kind);
  if (owner === undefined || kind === undefined) return undefined;
  return { kind, namespace: metadata.namespace, name: owner.name };
}

/** Revisions of exactly this agent: one of a deleted namesake waits for the garbage collector. */
export function revisionsOf(world: World, agent: AnyAgent): readonly AgentSandboxRevision[] {
  const { namespace, name, uid = '' } = agent.metadata;
  const value = labelValue(name);
  const own = revisionsByOwner(world, namespace).get(uid) ?? [];
  return own.filter(({ metadata }) => metadata.labels?.[label.agent] === value);
}

type ByOwner = ReadonlyMap<string, readonly AgentSandboxRevision[]>;

/** Made once for each list that a world says: many agents are asked about between two changes. */
const madeFrom = new WeakMap<readonly AgentSandboxRevision[], ByOwner>();

/** The live ones of a namespace by the UID of the agent. */
function revisionsByOwner(world: World, namespace: string): ByOwner {
  const listed = world.list(kinds.agentSandboxRevision, namespace);
  const known = madeFrom.get(listed);
  if (known !== undefined) return known;
  const byOwner = new Map<string, AgentSandboxRevision[]>();
  for (const revision of listed.filter(isLive)) {
    const owner = revision.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    if (owner === undefined) continue;
    const same = byOwner.get(owner);
    if (same === undefined) byOwner.set(owner, [revision]);
    else same.push(revision);
  }
  madeFrom.set(listed, byOwner);
  return byOwner;
}

/** The gateways of an agent that exist, by name. */
export function existingGateways(world: World, agent: AnyAgent): ReadonlyMap<string, EgressGateway> {
  const found = gatewayNames(agent).flatMap((name) => {
    const gateway = world.get(kinds.egressGateway, agent.metadata.namespace, name);
    return gateway !== undefined && isLive(gateway) ? [[name, gateway] as const] : [];
  });
  return new Map(found);
}
