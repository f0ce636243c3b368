/**
 * Keeps a live map of one resource: list, watch from there, resume at the last version, list again when that is too
 * old. Apart because node agent and service proxy need five of them. It never stops silently: only the signal ends it,
 * and while the server is away the last known objects stay.
 */
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { Log } from '../log.ts';
import { errorMessage } from '../../contract/index.ts';
import type { ApiClient } from './api-client.ts';
import type { KubeObject } from './object.ts';
import { objectKey } from './object.ts';

interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items?: readonly T[];
}

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export interface ObjectWatchOptions {
  readonly client: ApiClient;
  /** e.g. `/api/v1/pods`. */
  readonly path: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called once after the first list and after every change. */
  readonly onChange: () => void;
}

// The server ends a watch after this; a connection that went dark is noticed a little later by the socket's time-out.
const watchSeconds = 240;

export class ObjectWatch<T extends KubeObject> {
  readonly objects = new Map<string, T>();
  readonly #options: ObjectWatchOptions;
  #synced = false;
  #version = '';

  constructor(options: ObjectWatchOptions) {
    this.#options = options;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { signal, log, path } = this.#options;
    let delayMs = 100;
    while (!signal.aborted) {
      try {
        if (this.#version === '') await this.#list();
        delayMs = 100;
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        log.debug({ path, error: errorMessage(error) }, 'watch interrupted');
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        delayMs = Math.min(delayMs * 2, 5_000);
      }
    }
  }

  async #list(): Promise<void> {
    const { client, path, signal, onChange } = this.#options;
    const list = await client.get<ObjectList<T>>(path, signal);
    this.objects.clear();
    for (const item of list.items ?? []) this.objects.set(objectKey(item.metadata), item);
    this.#version = list.metadata.resourceVersion;
    this.#synced = true;
    onChange();
  }

  async #watch(): Promise<void> {
    const { client, path, signal } = this.#options;
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${this.#version}`;
    const response = await client.open('GET', `${path}?${query}`, {
      signal,
      timeoutMs: (watchSeconds + 30) * 1000,
    });
    if (response.statusCode !== 200) {
      response.destroy();
      this.#version = '';
      throw new Error(`HTTP ${response.statusCode ?? 0}`);
    }
    for await (const line of linesOf(response)) this.#take(JSON.parse(line) as WatchEvent<T>);
  }

  #take(event: WatchEvent<T>): void {
    if (event.type === 'ERROR') {
      // Most often 410 Gone: the version is compacted away.
      this.#version = '';
      throw new Error('watch error event');
    }
    this.#version = event.object.metadata.resourceVersion ?? this.#version;
    if (event.type === 'BOOKMARK') return;
    const key = objectKey(event.object.metadata);
    if (event.type === 'DELETED') this.objects.delete(key);
    else this.objects.set(key, event.object);
    this.#options.onChange();
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const lines = createInterface({ input: response, crlfDelay: Infinity });
  // readline swallows the stream's error; without this a cut connection would look like a clean end (which is fine)
  // but raise an unhandled 'error'.
  response.on('error', () => lines.close());
  try {
    for await (const line of lines) if (line !== '') yield line;
  } finally {
    response.destroy();
  }
}
