/** WorkerPool → Deployment, Service, rights, keys, compiled config, status. */
import { ClrkError, configSecretName, type PoolAgent, type PoolConfig } from '../../contract/index.ts';
import { childName, compilePool, fitFairly, isLive, labelValue } from '../compile/index.ts';
import { applyConfig, type ConfigTarget } from '../config-secret.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { faultOf, type Fault } from '../fault.ts';
import { kinds, type WorkerPool } from '../kind.ts';
import { controllerRef, managedLabels, requireOwn, tenantIdentity } from '../owner.ts';
import { markPending } from '../pending.ts';
import { controlPlaneCa, endpointsFor } from '../platform.ts';
import { servingOf } from '../programmed-config.ts';
import { splitKey, type KubeObject, type ReconcileResult, type Resource } from '../runtime/index.ts';
import {
  defaultServiceAccount,
  isUnusedAccount,
  serviceAccountName,
  workerServiceAccount,
} from './account.ts';
import {
  poolNetworkPolicy,
  workerDeployment,
  workerRole,
  workerRoleBinding,
  workerService,
} from './children.ts';
import { workersOf } from '../workers.ts';
import { ensurePoolKeys } from './keys.ts';
import { poolStatus } from './status.ts';
import { poolWatches } from './watches.ts';

const waitForKeysMs = 1_000;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const pool = context.world.get(kinds.workerPool, namespace, name);
  if (pool === undefined || !isLive(pool)) {
    context.programmed.forgetPool(key);
    await removeUnusedAccount(context, namespace);
    return {};
  }
  await markPending(context, kinds.workerPool, pool);
  let fault: Fault | undefined;
  let requeueAfterMs = waitForKeysMs;
  try {
    await applyChildren(context, pool);
    const renewAt = await ensurePoolKeys(context, pool);
    if (await applyPoolConfig(context, pool)) {
      requeueAfterMs = Math.max(waitForKeysMs, (renewAt ?? 0) - context.now());
    }
  } catch (thrown) {
    fault = faultOf(thrown);
    requeueAfterMs = 30_000;
  }
  await writeStatus(context, pool, fault);
  return { requeueAfterMs };
}

async function applyChildren(context: Context, pool: WorkerPool): Promise<void> {
  await applyServiceAccount(context, pool);
  const children: ReadonlyArray<readonly [Resource, KubeObject]> = [
    [kinds.role, workerRole(pool)],
    [kinds.roleBinding, workerRoleBinding(pool)],
    // Before the pods it is for.
    [kinds.networkPolicy, poolNetworkPolicy(pool, context.settings().systemNamespace)],
    [kinds.service, workerService(pool)],
    [kinds.deployment, workerDeployment(pool)],
  ];
  for (const [resource, child] of children) {
    const { namespace, name = '' } = child.metadata ?? {};
    const observed = context.world.get<KubeObject>(resource, namespace, name);
    requireOwn(resource.kind, observed, { kind: 'WorkerPool', metadata: pool.metadata });
    await context.applier.apply(resource, child, observed);
  }
}

/** Made once and left alone: one that is there, a person's or ours, is only bound to our Role. */
async function applyServiceAccount(context: Context, pool: WorkerPool): Promise<void> {
  const { namespace } = pool.metadata;
  const name = serviceAccountName(pool);
  if (context.world.get<KubeObject>(kinds.serviceAccount, namespace, name) !== undefined) return;
  await context.applier.apply(kinds.serviceAccount, workerServiceAccount(namespace, name), undefined);
}

async function removeUnusedAccount(context: Context, namespace: string): Promise<void> {
  const account = context.world.get<KubeObject>(kinds.serviceAccount, namespace, defaultServiceAccount);
  const pools = context.world.list(kinds.workerPool, namespace).filter(isLive);
  if (!isUnusedAccount(account, pools, context.world.list(kinds.deployment, namespace))) return;
  const path = { namespace, name: defaultServiceAccount };
  await context.api.delete(kinds.serviceAccount, path, account.metadata?.uid ?? '');
}

/** False while keys or CA are not there yet. */
async function applyPoolConfig(context: Context, pool: WorkerPool): Promise<boolean> {
  const { platformCidrs, insecureRegistries } = context.settings();
  const platform = endpointsFor(context, tenantIdentity('worker', pool));
  if (platform === undefined) return false;
  const document = compilePool(context.world, {
    pool,
    platform,
    platformCidrs,
    insecureRegistries,
    clientCaPem: controlPlaneCa(context)?.certificatePem ?? '',
  });
  if (document === undefined) return false;
  const { namespace, name } = pool.metadata;
  const target = {
    namespace,
    name: configSecretName.pool(name),
    labels: { ...managedLabels('worker'), 'clrk.apoxy.dev/workerpool': labelValue(name) },
    ownerReferences: [controllerRef({ kind: 'WorkerPool', metadata: pool.metadata })],
  };
  const { digest, agents, left } = await applyFitting(context, target, document);
  const key = `${namespace}/${name}`;
  context.programmed.recordPool(key, { digest, serving: servingOf(agents) });
  context.programmed.recordLeftOut({ kind: 'pool', pool: key }, left);
  return true;
}

/** As JSON, where the whole does not fit: far below what a Secret holds, however badly it compresses. */
const maxAgentBytes = 512 * 1024;

/** Where the whole is too large, the largest agents are left out: one agent's environment is not everybody's fault. */
async function applyFitting(
  context: Context,
  target: ConfigTarget,
  document: Omit<PoolConfig, 'digest'>,
): Promise<{
  readonly digest: string;
  readonly agents: readonly PoolAgent[];
  readonly left: readonly string[];
}> {
  try {
    const digest = await applyConfig<PoolConfig>(context, target, document);
    return { digest, agents: document.agents, left: [] };
  } catch (thrown) {
    if (!(thrown instanceof ClrkError) || thrown.code !== 'CONFIG_TOO_LARGE') throw thrown;
  }
  const keyOf = ({ namespace, name }: PoolAgent): string => `${namespace}/${name}`;
  const sized = document.agents.map((item) => {
    return { item, tenant: keyOf(item), bytes: Buffer.byteLength(JSON.stringify(item)) };
  });
  const { kept, left } = fitFairly(sized, maxAgentBytes);
  const digest = await applyConfig<PoolConfig>(context, target, { ...document, agents: [...kept] });
  return { digest, agents: kept, left: left.map(keyOf) };
}

async function writeStatus(context: Context, pool: WorkerPool, fault: Fault | undefined): Promise<void> {
  const { namespace, name } = pool.metadata;
  const deployment = context.world.get(kinds.deployment, namespace, childName.poolWorkers(name));
  const workers = workersOf(context, namespace, name);
  const status = poolStatus({ pool, deployment, workers, fault, now: context.now() });
  await context.applier.applyStatus(kinds.workerPool, pool, status);
  if (fault !== undefined) {
    const note = { type: 'Warning', reason: fault.reason, action: 'Reconcile', note: fault.message } as const;
    context.events.record(kinds.workerPool, pool, note);
  }
}

export const workerPoolController: ControllerSpec = {
  name: 'workerpool',
  concurrency: 4,
  reconcile,
  watches: poolWatches,
  reads: [kinds.backend, kinds.namespace],
};
