/**
 * Drives one WatchMachine against the API until the signal aborts, and feeds a Cache. The only thing here is I/O:
 * every decision is the machine's. It never stops on an error of the API server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../contract/index.ts';
import { monotonicMs, type Log } from '../../process/index.ts';
import { ApiError, type KubeApi } from './api-client.ts';
import type { Cache } from './cache.ts';
import { resourceName, type Resource } from './resource.ts';
import { WatchMachine, type WatchInput, type WatchRequest } from './watch-machine.ts';

export interface ReflectorOptions {
  readonly api: KubeApi;
  readonly resource: Resource;
  readonly cache: Pick<Cache, 'change'>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** A random integer from 0 to below its argument, so that watches do not all end at once. */
  readonly randomBelow: (limit: number) => number;
}

// client-go asks for 5 to 10 minutes so that servers can shed watches and restarts spread out.
const watchSeconds = 300;

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #machine = new WatchMachine();
  #resolveSynced: () => void = () => undefined;
  readonly synced: Promise<void>;
  #isSynced = false;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.synced = new Promise((resolve) => (this.#resolveSynced = resolve));
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get resource(): Resource {
    return this.#options.resource;
  }

  async run(): Promise<void> {
    let request: WatchRequest = this.#machine.start();
    while (!this.#options.signal.aborted) {
      request = await this.#perform(request).catch((thrown: unknown) => this.#fail(thrown));
    }
  }

  /** Performs one request to its end and says which comes next. */
  async #perform(request: WatchRequest): Promise<WatchRequest> {
    const { api, resource, signal } = this.#options;
    if (request.type === 'wait') {
      await sleep(request.ms, undefined, { signal }).catch(() => undefined);
      return this.#take({ type: 'waited' }) ?? this.#machine.start();
    }
    if (request.type === 'list') {
      const page = await api.list(resource, listQuery(request));
      return this.#take({ type: 'page', ...page }) ?? this.#machine.start();
    }
    const query = {
      resourceVersion: request.resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(watchSeconds + this.#options.randomBelow(watchSeconds)),
    };
    const startedAt = monotonicMs();
    for await (const line of api.watch(resource, query, signal)) {
      const next = this.#take({ type: 'event', event: line.type, object: line.object });
      if (next !== undefined) return next;
    }
    return this.#take({ type: 'ended', ranMs: monotonicMs() - startedAt }) ?? this.#machine.start();
  }

  #take(input: WatchInput): WatchRequest | undefined {
    const { changes, request } = this.#machine.step(input);
    for (const change of changes) this.#options.cache.change(change);
    if (!this.#isSynced && this.#machine.synced) {
      this.#isSynced = true;
      this.#resolveSynced();
    }
    return request;
  }

  #fail(thrown: unknown): WatchRequest {
    const { log, resource, signal } = this.#options;
    const status = thrown instanceof ApiError ? thrown.status : undefined;
    if (!signal.aborted) {
      log.warn({ resource: resourceName(resource), status, error: errorMessage(thrown) }, 'watch failed');
    }
    return this.#take({ type: 'failed', status }) ?? this.#machine.start();
  }
}

function listQuery({
  limit,
  continueToken,
}: Extract<WatchRequest, { type: 'list' }>): Record<string, string> {
  return {
    ...(limit > 0 ? { limit: String(limit) } : {}),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
  };
}
