/**
 * The API as a leader has it: reads always, writes while it leads. When the lease is lost every write fails at once, those
 * under way too, because from then on another replica may write. It must never let a write wait for the lease.
 */
import { ClrkError } from '../../contract/index.ts';
import type { ApplyOptions, KubeApi, ListPage, WatchLine } from './api-client.ts';
import type { KubeObject } from './object.ts';
import type { ObjectPath, Resource } from './resource.ts';

function lostError(): ClrkError {
  return new ClrkError('LEADERSHIP_LOST', 'this operator does not lead: nothing was written', {
    hint: 'Another replica leads; this one ends and starts again.',
    retryable: true,
  });
}

export class WriteFence implements KubeApi {
  readonly #api: KubeApi;
  #term: AbortSignal | undefined;

  constructor(api: KubeApi) {
    this.#api = api;
  }

  /** Writes are let through until `lost`. */
  open(lost: AbortSignal): void {
    this.#term = lost;
  }

  get(resource: Resource, path: ObjectPath): Promise<KubeObject | undefined> {
    return this.#api.get(resource, path);
  }

  list(resource: Resource, query: Readonly<Record<string, string>>): Promise<ListPage> {
    return this.#api.list(resource, query);
  }

  watch(
    resource: Resource,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncIterable<WatchLine> {
    return this.#api.watch(resource, query, signal);
  }

  apply(resource: Resource, object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    return this.#write((signal) => this.#api.apply(resource, object, options, signal));
  }

  create(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#write((signal) => this.#api.create(resource, object, signal));
  }

  replace(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.#write((signal) => this.#api.replace(resource, object, signal));
  }

  delete(resource: Resource, path: ObjectPath, uid: string): Promise<void> {
    return this.#write((signal) => this.#api.delete(resource, path, uid, signal));
  }

  async #write<T>(write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const term = this.#term;
    if (term === undefined || term.aborted) throw lostError();
    try {
      return await write(term);
    } catch (error) {
      throw term.aborted ? lostError() : error;
    }
  }
}
