/**
 * The shape every Kubernetes object has, and the keys by which caches and queues name one. Apart because the whole
 * runtime is generic over kinds; typed kinds (api/) are handed to it as they are.
 */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: unknown;
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: Metadata;
}

/** `namespace/name`, or `/name` for cluster-scoped objects. */
export type ObjectKey = string;

export function keyOf(namespace: string | undefined, name: string): ObjectKey {
  return `${namespace ?? ''}/${name}`;
}

export function keyOfObject(object: KubeObject): ObjectKey {
  return keyOf(object.metadata?.namespace, object.metadata?.name ?? '');
}

export function splitKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Ownership is three-valued: a foreign child must be reported, never taken over. */
export type Ownership = 'owned' | 'unowned' | 'owned-by-other';

export function ownershipOf(child: KubeObject, ownerUid: string): Ownership {
  const controller = child.metadata?.ownerReferences?.find((owner) => owner.controller === true);
  if (controller === undefined) return 'unowned';
  return controller.uid === ownerUid ? 'owned' : 'owned-by-other';
}
