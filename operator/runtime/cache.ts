/**
 * The objects of one kind as last seen. Readers get the very object a watch brought: never mutate it. Subscribers
 * hear each change once, with the object before and after; a relist that brings nothing new is silent.
 */
import type { CacheChange } from './watch-machine.ts';
import { keyOf, keyOfObject, type KubeObject, type ObjectKey } from './object.ts';

export interface ObjectChange<T extends KubeObject = KubeObject> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export type ChangeListener = (change: ObjectChange) => void;

export class Cache {
  readonly #objects = new Map<ObjectKey, KubeObject>();
  /** The same objects by namespace, because most reads ask for one. */
  readonly #byNamespace = new Map<string, Map<ObjectKey, KubeObject>>();
  /** What `list` last said, by namespace, until something of it changes. */
  readonly #listed = new Map<string | undefined, readonly KubeObject[]>();
  readonly #listeners: ChangeListener[] = [];

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }

  /** In key order, so that whatever is computed from it is deterministic. The very same list until one of its objects changes. */
  list(namespace?: string): readonly KubeObject[] {
    const known = this.#listed.get(namespace);
    if (known !== undefined) return known;
    const source = namespace === undefined ? this.#objects : this.#byNamespace.get(namespace);
    if (source === undefined) return [];
    const listed = [...source].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    this.#listed.set(namespace, listed);
    return listed;
  }

  get size(): number {
    return this.#objects.size;
  }

  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  change(change: CacheChange): void {
    if (change.type === 'upsert') this.#set(slim(change.object));
    else if (change.type === 'delete') this.#remove(keyOfObject(change.object));
    else this.#replace(change.objects);
  }

  #replace(objects: readonly KubeObject[]): void {
    const keep = new Set(objects.map(keyOfObject));
    for (const key of [...this.#objects.keys()]) if (!keep.has(key)) this.#remove(key);
    for (const object of objects) this.#set(slim(object));
  }

  #set(object: KubeObject): void {
    const key = keyOfObject(object);
    const before = this.#objects.get(key);
    if (before !== undefined && isSameVersion(before, object)) return;
    this.#objects.set(key, object);
    const namespace = object.metadata?.namespace ?? '';
    const inNamespace = this.#byNamespace.get(namespace) ?? new Map<ObjectKey, KubeObject>();
    this.#byNamespace.set(namespace, inNamespace.set(key, object));
    this.#forgetLists(namespace);
    this.#tell({ before, after: object });
  }

  #remove(key: ObjectKey): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    const namespace = before.metadata?.namespace ?? '';
    const inNamespace = this.#byNamespace.get(namespace);
    inNamespace?.delete(key);
    if (inNamespace?.size === 0) this.#byNamespace.delete(namespace);
    this.#forgetLists(namespace);
    this.#tell({ before, after: undefined });
  }

  #forgetLists(namespace: string): void {
    this.#listed.delete(undefined);
    this.#listed.delete(namespace);
  }

  #tell(change: ObjectChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function isSameVersion({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  return a?.resourceVersion === b?.resourceVersion && a?.uid === b?.uid;
}

/** managedFields is half of an object's bytes and of no use to us. */
function slim(object: KubeObject): KubeObject {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata };
}
