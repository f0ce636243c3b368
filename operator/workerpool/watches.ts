/** Which pools a change concerns. Fan-out is by namespace and delayed, so that a burst is one compile a pool. */
import { changedObjects, ownerKeys } from '../change.ts';
import { agentsIn, gatewayNames, label, poolsOfAgent, systemName, type AnyAgent } from '../compile/index.ts';
import type { ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { keyOf, keyOfObject, type KubeObject, type ObjectChange, type World } from '../runtime/index.ts';
import { defaultServiceAccount, serviceAccountName } from './account.ts';

const burstMs = 50;

/** Also pools that still run an older revision: what is said of the agent concerns it there. */
function poolsOfAgents(world: World, change: ObjectChange): readonly string[] {
  return changedObjects(change).flatMap((object) =>
    poolsOfAgent(world, object as unknown as AnyAgent).map((pool) => keyOf(object.metadata?.namespace, pool)),
  );
}

/** The pool it was made for. */
function poolsOfRevision(_world: World, change: ObjectChange): readonly string[] {
  return changedObjects(change).flatMap(({ metadata }) => {
    const pool = metadata?.labels?.[label.revisionPool];
    return pool === undefined ? [] : [keyOf(metadata?.namespace, pool)];
  });
}

function poolsOfNamespace(world: World, change: ObjectChange): readonly string[] {
  const namespace = (change.after ?? change.before)?.metadata?.namespace;
  return world.list(kinds.workerPool, namespace).map((pool) => keyOfObject(pool as KubeObject));
}

/** An account that went away is made again; one that no pool names any more (seen at a start) is judged under its own name. */
function poolsOfAccount(world: World, { before, after }: ObjectChange): readonly string[] {
  const { namespace, name = '' } = (after ?? before)?.metadata ?? {};
  const using = world
    .list(kinds.workerPool, namespace)
    .filter((pool) => serviceAccountName(pool) === name)
    .map((pool) => keyOfObject(pool as KubeObject));
  return using.length > 0 || name !== defaultServiceAccount ? using : [keyOf(namespace, name)];
}

function allPools(world: World): readonly string[] {
  return world.list(kinds.workerPool).map((pool) => keyOfObject(pool as KubeObject));
}

/** Pools with an agent behind this gateway. */
export function poolsOfGatewayKey(world: World, namespace: string, gateway: string): readonly string[] {
  const using = agentsIn(world, namespace).filter(({ agent }) => gatewayNames(agent).includes(gateway));
  return using.map(({ agent }) => keyOf(namespace, agent.spec.workerPoolRef));
}

function poolsOfGatewayChange(world: World, change: ObjectChange): readonly string[] {
  return changedObjects(change).flatMap(({ metadata }) =>
    poolsOfGatewayKey(world, metadata?.namespace ?? '', metadata?.name ?? ''),
  );
}

/** Routes may reach over namespaces: every pool looks again, and most write nothing. */
function poolsOfSecret(world: World, change: ObjectChange): readonly string[] {
  const { namespace, name = '' } = (change.after ?? change.before)?.metadata ?? {};
  if (name === systemName.controlPlaneCa) return allPools(world);
  const owned = ownerKeys('WorkerPool', change);
  if (owned.length > 0) return owned;
  const isCa = name.startsWith('clrk-egressgateway-ca-') || gatewayUses(world, change);
  const pulls = world
    .list(kinds.workerPool, namespace)
    .filter((pool) => (pool.spec.template.imagePullSecrets ?? []).some((ref) => ref.name === name))
    .map((pool) => keyOfObject(pool as KubeObject));
  return isCa ? poolsOfNamespace(world, change) : pulls;
}

function gatewayUses(world: World, change: ObjectChange): boolean {
  const { namespace, name } = (change.after ?? change.before)?.metadata ?? {};
  return world
    .list(kinds.egressGateway, namespace)
    .some((gateway) => gateway.spec.listeners.some((listener) => listener.tls?.caCertRef?.name === name));
}

export const poolWatches: ControllerSpec['watches'] = [
  {
    resource: kinds.workerPool,
    keysOf: (_world, change) => changedObjects(change).map(keyOfObject),
  },
  { resource: kinds.deployment, keysOf: (_world, change) => ownerKeys('WorkerPool', change) },
  { resource: kinds.serviceAccount, keysOf: poolsOfAccount },
  { resource: kinds.role, keysOf: (_world, change) => ownerKeys('WorkerPool', change) },
  { resource: kinds.roleBinding, keysOf: (_world, change) => ownerKeys('WorkerPool', change) },
  { resource: kinds.networkPolicy, keysOf: (_world, change) => ownerKeys('WorkerPool', change) },
  { resource: kinds.secret, keysOf: poolsOfSecret },
  {
    resource: kinds.service,
    keysOf: (world, change) =>
      (change.after ?? change.before)?.metadata?.name === systemName.telemetryService
        ? allPools(world)
        : ownerKeys('WorkerPool', change),
  },
  { resource: kinds.taskAgent, keysOf: poolsOfAgents, delayMs: burstMs },
  { resource: kinds.daemonAgent, keysOf: poolsOfAgents, delayMs: burstMs },
  { resource: kinds.agentSandboxRevision, keysOf: poolsOfRevision, delayMs: burstMs },
  { resource: kinds.configMap, keysOf: poolsOfNamespace, delayMs: burstMs },
  { resource: kinds.egressGateway, keysOf: poolsOfGatewayChange, delayMs: burstMs },
  { resource: kinds.egressL4Route, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.mcpRoute, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.egressHttpRoute, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.egressDenyPolicy, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.loggingPolicy, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.rateLimitPolicy, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.aiProviderRoute, keysOf: allPools, delayMs: burstMs },
  { resource: kinds.backend, keysOf: poolsOfNamespace, delayMs: burstMs },
];
