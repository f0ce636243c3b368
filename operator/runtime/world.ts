/**
 * What controllers read: the caches of every kind, typed. One object so that a reconcile says "the TaskAgents of this
 * namespace" and a test hands it a plain list. Reading never touches the API.
 */
import { Cache } from './cache.ts';
import { resourceName, type Resource } from './resource.ts';

/** A resource that knows the type of its objects. */
export interface Kind<T> extends Resource {
  /** Never set; it carries `T`. */
  readonly _type?: T;
}

export interface World {
  get<T>(kind: Kind<T>, namespace: string | undefined, name: string): T | undefined;
  list<T>(kind: Kind<T>, namespace?: string): readonly T[];
}

export class CachedWorld implements World {
  readonly #caches = new Map<string, Cache>();

  cache(resource: Resource): Cache {
    const name = resourceName(resource);
    const cache = this.#caches.get(name) ?? new Cache();
    this.#caches.set(name, cache);
    return cache;
  }

  get<T>(kind: Kind<T>, namespace: string | undefined, name: string): T | undefined {
    return this.#required(kind).get(namespace, name) as T | undefined;
  }

  list<T>(kind: Kind<T>, namespace?: string): readonly T[] {
    return this.#required(kind).list(namespace) as readonly T[];
  }

  /** An unwatched kind would read as empty, which is how objects get deleted by mistake: refuse. */
  #required(kind: Resource): Cache {
    const cache = this.#caches.get(resourceName(kind));
    if (cache === undefined) throw new Error(`kind is not watched: ${resourceName(kind)}`);
    return cache;
  }
}
