/**
 * List-then-watch as a pure state machine: what the API server said goes in, cache changes and the next request come
 * out. Apart from its driver because every way a watch can die (410, silence, reset, half a list) must be a table
 * row in a test; informers that stop silently are why we own this (security 5.1, client-node #364, #958).
 */
import type { KubeObject } from './object.ts';

export type WatchRequest =
  | { readonly type: 'list'; readonly continueToken?: string; readonly limit: number }
  | { readonly type: 'watch'; readonly resourceVersion: string }
  | { readonly type: 'wait'; readonly ms: number };

export type WatchInput =
  | {
      readonly type: 'page';
      readonly items: readonly KubeObject[];
      readonly resourceVersion: string;
      readonly continueToken?: string | undefined;
    }
  | { readonly type: 'event'; readonly event: string; readonly object: unknown }
  /** The watch ended as it does every few minutes; `ranMs` is how long it had run. */
  | { readonly type: 'ended'; readonly ranMs?: number }
  /** A list or watch failed; `status` is the HTTP status, absent for a broken connection. */
  | { readonly type: 'failed'; readonly status?: number | undefined }
  | { readonly type: 'waited' };

export type CacheChange =
  | { readonly type: 'replace'; readonly objects: readonly KubeObject[] }
  | { readonly type: 'upsert'; readonly object: KubeObject }
  | { readonly type: 'delete'; readonly object: KubeObject };

export interface WatchStep {
  readonly changes: readonly CacheChange[];
  /** What to do next; undefined: go on with the request under way. */
  readonly request?: WatchRequest;
}

// kube-apiserver's own default chunk (client-go pager).
export const pageLimit = 500;
const baseWaitMs = 200;
const maxWaitMs = 30_000;
/** A watch that ends sooner was not wanted: asking again at once would be a loop that the API server has to bear. */
const shortestWatchMs = 1_000;

type Phase = 'listing' | 'watching' | 'waiting';

export class WatchMachine {
  #phase: Phase = 'listing';
  #gathered: KubeObject[] = [];
  #resourceVersion = '';
  #failures = 0;
  /** Watches in a row that ended at once. */
  #shortWatches = 0;
  #sawEvent = false;
  #everSynced = false;
  /** A continue token expired: the next list must be whole, or it could expire for ever. */
  #wholeList = false;

  start(): WatchRequest {
    return this.#list();
  }

  /** True once a whole list has been taken in. */
  get synced(): boolean {
    return this.#everSynced;
  }

  step(input: WatchInput): WatchStep {
    switch (input.type) {
      case 'page':
        return this.#page(input);
      case 'event':
        return this.#event(input.event, input.object);
      case 'ended':
        return this.#ended(input.ranMs);
      case 'failed':
        return this.#failed(input.status);
      case 'waited':
        return { changes: [], request: this.#resourceVersion === '' ? this.#list() : this.#watch() };
    }
  }

  #list(continueToken?: string): WatchRequest {
    this.#phase = 'listing';
    if (continueToken === undefined) this.#gathered = [];
    const limit = this.#wholeList ? 0 : pageLimit;
    return { type: 'list', limit, ...(continueToken === undefined ? {} : { continueToken }) };
  }

  #watch(): WatchRequest {
    this.#phase = 'watching';
    this.#sawEvent = false;
    return { type: 'watch', resourceVersion: this.#resourceVersion };
  }

  #page(page: Extract<WatchInput, { type: 'page' }>): WatchStep {
    this.#gathered.push(...page.items);
    if (page.continueToken !== undefined) return { changes: [], request: this.#list(page.continueToken) };
    const objects = this.#gathered;
    this.#gathered = [];
    this.#resourceVersion = page.resourceVersion;
    this.#everSynced = true;
    this.#wholeList = false;
    return { changes: [{ type: 'replace', objects }], request: this.#watch() };
  }

  #event(event: string, raw: unknown): WatchStep {
    if (event === 'ERROR') return this.#failed((raw as { code?: number }).code);
    const object = raw as KubeObject;
    const version = object.metadata?.resourceVersion;
    if (version !== undefined) this.#resourceVersion = version;
    this.#failures = 0;
    this.#sawEvent = true;
    if (event === 'ADDED' || event === 'MODIFIED') return { changes: [{ type: 'upsert', object }] };
    if (event === 'DELETED') return { changes: [{ type: 'delete', object }] };
    // BOOKMARK moves only the version; an unknown type of a newer server is not ours to guess at.
    return { changes: [] };
  }

  #ended(ranMs: number | undefined): WatchStep {
    const short = ranMs === undefined ? !this.#sawEvent : ranMs < shortestWatchMs;
    if (!short) {
      this.#shortWatches = 0;
      this.#failures = 0;
      return { changes: [], request: this.#watch() };
    }
    const wait = this.#wait(this.#shortWatches);
    this.#shortWatches += 1;
    return wait;
  }

  #wait(times: number): WatchStep {
    this.#phase = 'waiting';
    const ms = Math.min(baseWaitMs * 2 ** Math.min(times, 20), maxWaitMs);
    return { changes: [], request: { type: 'wait', ms } };
  }

  #failed(status: number | undefined): WatchStep {
    const expired = status === 410;
    if (expired) {
      this.#wholeList = this.#phase === 'listing' && this.#gathered.length > 0;
      this.#resourceVersion = '';
      // The first expiry is routine (etcd compaction): list again at once. A second in a row is not.
      if (this.#failures === 0) {
        this.#failures = 1;
        return { changes: [], request: this.#list() };
      }
    }
    if (this.#phase === 'listing') this.#resourceVersion = '';
    const wait = this.#wait(this.#failures);
    this.#failures += 1;
    return wait;
  }
}
