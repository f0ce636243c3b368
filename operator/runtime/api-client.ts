/**
 * The seven calls we make to the Kubernetes API, over node:https with the credentials of a KubeConfig. Apart from
 * client-node's typed clients because those neither stream watches with bookmarks nor apply with one field manager
 * for any kind. It must never log a body: Secrets pass through here.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { createInterface } from 'node:readline';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClrkError } from '../../contract/index.ts';
import { KubeTarget } from '../../process/index.ts';
import { pathOf, type ObjectPath, type Resource } from './resource.ts';
import type { KubeObject } from './object.ts';

export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly continueToken: string | undefined;
}

export interface WatchLine {
  readonly type: string;
  readonly object: unknown;
}

export interface KubeApi {
  get(resource: Resource, path: ObjectPath): Promise<KubeObject | undefined>;
  list(resource: Resource, query: Readonly<Record<string, string>>): Promise<ListPage>;
  watch(
    resource: Resource,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncIterable<WatchLine>;
  /** Of each write: `signal` ends it where it is. */
  apply(
    resource: Resource,
    object: KubeObject,
    options: ApplyOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject>;
  create(resource: Resource, object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  replace(resource: Resource, object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  delete(resource: Resource, path: ObjectPath, uid: string, signal?: AbortSignal): Promise<void>;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly subresource?: 'status';
}

/** What the API server refused; `status` is the HTTP status, `reason` the Status object's. */
export class ApiError extends ClrkError {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super('KUBERNETES_API', message, { retryable: status >= 500 || status === 429 || status === 409 });
    this.status = status;
    this.reason = reason;
  }
}

export type CallObserver = (call: { readonly code: string; readonly method: string }) => void;

// The API server answers a Secret list in one page of 500 with at most a few MiB; more is a fault or an attack.
const maxBodyBytes = 256 * 1024 * 1024;
const callTimeoutMs = 30_000;
const maxSockets = 64;
// A watch sends a bookmark about every minute and ends after timeoutSeconds; silence beyond that is a dead peer.
const watchSilenceMs = 6 * 60_000;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly accept?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export class ApiClient implements KubeApi {
  readonly #target: KubeTarget;
  readonly #observe: CallObserver;

  constructor(config: KubeConfig, observe: CallObserver = () => undefined) {
    this.#target = new KubeTarget({ config: () => config, maxSockets });
    this.#observe = observe;
  }

  async get(resource: Resource, path: ObjectPath): Promise<KubeObject | undefined> {
    try {
      return (await this.#json({ method: 'GET', path: pathOf(resource, path) })) as KubeObject;
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  async list(resource: Resource, query: Readonly<Record<string, string>>): Promise<ListPage> {
    const call = {
      method: 'GET',
      path: pathOf(resource),
      query,
      ...acceptOf(resource, 'PartialObjectMetadataList'),
    };
    const body = (await this.#json(call)) as {
      items?: KubeObject[];
      metadata?: { resourceVersion?: string; continue?: string };
    };
    const token = body.metadata?.continue;
    return {
      items: body.items ?? [],
      resourceVersion: body.metadata?.resourceVersion ?? '',
      continueToken: token === undefined || token === '' ? undefined : token,
    };
  }

  async *watch(
    resource: Resource,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncIterable<WatchLine> {
    const response = await this.#open({
      method: 'GET',
      path: pathOf(resource),
      query: { ...query, watch: '1' },
      ...acceptOf(resource, 'PartialObjectMetadata'),
      signal,
      timeoutMs: watchSilenceMs,
    });
    if (response.statusCode !== 200) throw statusError(response, await readBody(response));
    // A response stream that breaks must break the loop, not end it quietly: readline swallows stream errors.
    let failure: Error | undefined;
    response.once('error', (error) => (failure = error));
    const lines = createInterface({ input: response, crlfDelay: Infinity });
    try {
      for await (const line of lines) if (line !== '') yield JSON.parse(line) as WatchLine;
      if (failure !== undefined) throw failure;
    } finally {
      lines.close();
      response.destroy();
    }
  }

  async apply(
    resource: Resource,
    object: KubeObject,
    options: ApplyOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { namespace, name } = object.metadata ?? {};
    return (await this.#json({
      method: 'PATCH',
      path: pathOf(resource, { namespace, name, subresource: options.subresource }),
      // Controllers force on what they own.
      query: { fieldManager: options.fieldManager, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: object,
      signal,
    })) as KubeObject;
  }

  async create(resource: Resource, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const path = pathOf(resource, { namespace: object.metadata?.namespace });
    return (await this.#json({ method: 'POST', path, body: object, signal })) as KubeObject;
  }

  async replace(resource: Resource, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const { namespace, name } = object.metadata ?? {};
    const path = pathOf(resource, { namespace, name });
    return (await this.#json({ method: 'PUT', path, body: object, signal })) as KubeObject;
  }

  async delete(resource: Resource, path: ObjectPath, uid: string, signal?: AbortSignal): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
    try {
      await this.#json({ method: 'DELETE', path: pathOf(resource, path), body, signal });
    } catch (thrown) {
      // Gone, or another object took the name: both mean that the one we meant is no more.
      if (thrown instanceof ApiError && (thrown.status === 404 || thrown.status === 409)) return;
      throw thrown;
    }
  }

  async #json(call: Call): Promise<unknown> {
    const response = await this.#open({ timeoutMs: callTimeoutMs, ...call });
    const body = await readBody(response);
    if ((response.statusCode ?? 500) >= 300) throw statusError(response, body);
    return JSON.parse(body.toString('utf8')) as unknown;
  }

  async #open(call: Call): Promise<IncomingMessage> {
    const payload = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const { options, send } = await this.#target.request(targetOf(call), {
      method: call.method,
      headers: headersOf(call, payload?.length),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    return await new Promise((resolve, reject) => {
      const request = send(options, (response) => {
        this.#observe({ code: String(response.statusCode), method: call.method });
        resolve(response);
      });
      request.on('error', (error) => {
        this.#observe({ code: '<error>', method: call.method });
        reject(error);
      });
      request.setTimeout(call.timeoutMs ?? callTimeoutMs, () => {
        request.destroy(new ClrkError('KUBERNETES_TIMEOUT', 'Kubernetes API is silent', { retryable: true }));
      });
      request.end(payload);
    });
  }
}

function targetOf({ path, query = {} }: Call): string {
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

function acceptOf(resource: Resource, as: string): { readonly accept?: string } {
  return resource.onDemand === true ? { accept: `application/json;as=${as};g=meta.k8s.io;v=v1` } : {};
}

function headersOf(call: Call, length: number | undefined): OutgoingHttpHeaders {
  const headers = { accept: call.accept ?? 'application/json', 'user-agent': 'clrk-operator' };
  if (length === undefined) return headers;
  // Node sends no length for a DELETE's body, which the server would then read as the next request.
  return { ...headers, 'content-type': call.contentType ?? 'application/json', 'content-length': length };
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new ClrkError('KUBERNETES_API', 'Kubernetes API answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function statusError(response: IncomingMessage, body: Buffer): ApiError {
  const status = response.statusCode ?? 500;
  try {
    const parsed = JSON.parse(body.toString('utf8')) as { reason?: string; message?: string };
    return new ApiError(status, parsed.reason ?? '', parsed.message ?? `HTTP ${status}`);
  } catch {
    return new ApiError(status, '', `HTTP ${status}`);
  }
}
