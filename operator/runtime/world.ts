/**
 * What controllers read: the caches of every kind, typed. One object so that a reconcile says "the TaskAgents of this
 * namespace" and a test hands it a plain list. Reading never waits
 * for the API.
 */
import { Cache } from './cache.ts';
import type { OnDemand } from './on-demand.ts';
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
  readonly #onDemand = new Map<string, OnDemand>();

  cache(resource: Resource): Cache {
    const name = resourceName(resource);
    const cache = this.#caches.get(name) ?? new Cache();
    this.#caches.set(name, cache);
    return cache;
  }

  /** Whole objects of a kind come from here from now on. */
  readOnDemand(resource: Resource, source: OnDemand): void {
    this.#onDemand.set(resourceName(resource), source);
  }

  /** Throws PendingRead for an object that exists and is not read yet. */
  get<T>(kind: Kind<T>, namespace: string | undefined, name: string): T | undefined {
    const source = this.#onDemand.get(resourceName(kind)) ?? this.#required(kind);
    return source.get(namespace, name) as T | undefined;
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
