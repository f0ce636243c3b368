/**
 * The ServiceAccount of a namespace's workers. Its pools share it, and none owns it: with one it would go under the pods of the
 * others. Never takes away one that a pool or a Deployment names, nor one that a person made.
 */
import type { Deployment, WorkerPool } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import type { KubeObject } from '../runtime/index.ts';

export const defaultServiceAccount = 'clrk-worker';

export function serviceAccountName(pool: WorkerPool): string {
  return pool.spec.template.serviceAccountName ?? defaultServiceAccount;
}

/** One under a name of a person's choice is left to that person when its pools are gone; without them it has no rights. */
export function workerServiceAccount(namespace: string, name: string): KubeObject {
  return { metadata: { namespace, name, labels: managedLabels('worker') } };
}

/**
 * Whether the default account has had its time. Deployments are asked too: a pool that cannot be read keeps its account as it
 * keeps its pods, and an account outlives the pods of its last pool.
 */
export function isUnusedAccount(
  account: KubeObject | undefined,
  pools: readonly WorkerPool[],
  deployments: readonly Deployment[],
): account is KubeObject {
  if (account?.metadata === undefined || account.metadata.deletionTimestamp !== undefined) return false;
  const { labels = {} } = account.metadata;
  if (Object.entries(managedLabels('worker')).some(([key, value]) => labels[key] !== value)) return false;
  const named = [
    ...pools.map(serviceAccountName),
    ...deployments.map(({ spec }) => spec?.template?.spec?.serviceAccountName),
  ];
  return !named.includes(defaultServiceAccount);
}
