/**
 * Objects of a kind that are read one by one, when they are asked for. Secrets: the watch brings only their metadata, so that
 * other people's are never in our memory, however large they are. What exists and is not read yet is not "missing": whoever
 * asks is told to come again, because a config compiled without it would refuse calls.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { KubeApi } from './api-client.ts';
import type { Cache } from './cache.ts';
import { keyOf, keyOfObject, splitKey, type KubeObject, type ObjectKey } from './object.ts';
import { resourceName, type Resource } from './resource.ts';
import type { CacheChange } from './watch-machine.ts';

/** An object that exists has been asked for and comes soon. */
export class PendingRead extends Error {}

export interface OnDemandOptions {
  readonly api: Pick<KubeApi, 'get'>;
  readonly resource: Resource;
  /** Holds the objects that were asked for, whole. */
  readonly cache: Cache;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const retryMs = 500;

export class OnDemand {
  readonly #options: OnDemandOptions;
  /** Of every object there is, by what its metadata says. */
  readonly #versions = new Map<ObjectKey, string>();
  readonly #asked = new Set<ObjectKey>();
  readonly #reading = new Set<ObjectKey>();

  constructor(options: OnDemandOptions) {
    this.#options = options;
  }

  /** What a watch of metadata brought. */
  change(change: CacheChange): void {
    if (change.type === 'upsert') this.#saw(change.object);
    else if (change.type === 'delete') this.#gone(change.object);
    else {
      const keep = new Set(change.objects.map(keyOfObject));
      for (const key of [...this.#versions.keys()]) if (!keep.has(key)) this.#gone(objectOf(key));
      for (const object of change.objects) this.#saw(object);
    }
  }

  /** The object, or undefined when there is none. Throws PendingRead while it is being read. */
  get(namespace: string | undefined, name: string): KubeObject | undefined {
    const key = keyOf(namespace, name);
    this.#asked.add(key);
    const found = this.#options.cache.get(namespace, name);
    if (found !== undefined || !this.#versions.has(key)) return found;
    void this.#read(key);
    throw new PendingRead(`${this.#options.resource.kind} ${key} is being read`);
  }

  #saw(object: KubeObject): void {
    const key = keyOfObject(object);
    const { namespace, name = '', resourceVersion: version = '' } = object.metadata ?? {};
    this.#versions.set(key, version);
    const isRead = this.#options.cache.get(namespace, name)?.metadata?.resourceVersion === version;
    if (this.#asked.has(key) && !isRead) void this.#read(key);
  }

  #gone(object: KubeObject): void {
    this.#versions.delete(keyOfObject(object));
    this.#options.cache.change({ type: 'delete', object });
  }

  /** Reads until what is cached is as new as what the watch said. Never rejects. */
  async #read(key: ObjectKey): Promise<void> {
    if (this.#reading.has(key)) return;
    this.#reading.add(key);
    const { api, resource, log, signal } = this.#options;
    while (!signal.aborted) {
      const version = this.#versions.get(key);
      if (version === undefined) break;
      try {
        const object = await api.get(resource, splitKey(key));
        // Absent: its deletion is on the way.
        if (object !== undefined && this.#versions.has(key)) {
          this.#options.cache.change({ type: 'upsert', object });
        }
        if (this.#versions.get(key) === version) break;
      } catch (thrown) {
        log.warn({ resource: resourceName(resource), key, error: errorMessage(thrown) }, 'object not read');
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
    this.#reading.delete(key);
  }
}

function objectOf(key: ObjectKey): KubeObject {
  return { metadata: splitKey(key) };
}
