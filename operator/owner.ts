/** Owner references and labels of children, and the check that we may write one. */
import { ClrkError, type TenantIdentity } from '../contract/index.ts';
import { label, managedByValue } from './compile/index.ts';
import { apiVersion } from './kind.ts';
import { ownershipOf, type KubeObject, type Metadata, type OwnerReference } from './runtime/index.ts';

export interface Owner {
  readonly kind: string;
  readonly metadata: Metadata & { readonly name: string };
}

export function controllerRef(owner: Owner): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return { apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Who a pool's workers or a gateway are to the platform. */
export function tenantIdentity(
  role: TenantIdentity['role'],
  {
    metadata,
  }: { readonly metadata: { readonly namespace: string; readonly name: string; readonly uid?: string } },
): TenantIdentity {
  const { namespace, name, uid = '' } = metadata;
  return { role, namespace, name, uid };
}

export function managedLabels(component: string): Record<string, string> {
  return { [label.managedBy]: managedByValue, [label.component]: component };
}

/** Throws NAME_CONFLICT when the name is taken by an object that is not this owner's. */
export function requireOwn(what: string, observed: KubeObject | undefined, owner: Owner): void {
  if (observed === undefined || observed.metadata?.deletionTimestamp !== undefined) return;
  if (ownershipOf(observed, owner.metadata.uid ?? '') === 'owned') return;
  const { name, uid } = owner.metadata;
  // A child of our deleted namesake: the garbage collector is about to remove it.
  const stale = observed.metadata?.ownerReferences?.some((ref) => ref.name === name && ref.uid !== uid);
  throw new ClrkError('NAME_CONFLICT', `${what} ${observed.metadata?.name ?? ''} exists and is not ours`, {
    hint: `Rename or delete it, or rename ${owner.kind} ${name}.`,
    retryable: stale === true,
  });
}
