/**
 * One cluster as the commands speak to it: plain HTTP requests with the kubeconfig's credentials. Own because
 * commands stream (logs, watches, an agent's answer), read server-side tables and go through the service proxy, none
 * of which the generated client offers. It never follows redirects and never prints credentials.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClrkError } from '../../contract/index.ts';
import { apiError, connectionError } from './api-error.ts';

export interface ApiRequest {
  readonly method?: string;
  /** From the server's root, already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly signal?: AbortSignal;
  /** Until the head of the answer. Default 30 s; 0 for none. */
  readonly timeoutMs?: number;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

const defaultTimeoutMs = 30_000;
/** An answer read whole: etcd objects are bounded at 1.5 MiB, a page of 500 of them is far below this. */
const maxJsonBytes = 256 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;

export async function readText(body: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ClrkError('TOO_LARGE', `the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export async function readJson(body: IncomingMessage): Promise<unknown> {
  return JSON.parse(await readText(body, maxJsonBytes)) as unknown;
}

export class Cluster {
  readonly namespace: string;
  readonly #kubeConfig: KubeConfig;

  constructor(kubeConfig: KubeConfig, namespace: string) {
    this.#kubeConfig = kubeConfig;
    this.namespace = namespace;
  }

  get server(): string {
    return this.#kubeConfig.getCurrentCluster()?.server ?? '<none>';
  }

  get context(): string {
    return this.#kubeConfig.getCurrentContext();
  }

  /** The answer's head; the body is the caller's to read or destroy. Any status is an answer. */
  async send(request: ApiRequest): Promise<ApiResponse> {
    const url = new URL(this.server.replace(/\/$/, '') + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const options: RequestOptions = {
      method: request.method ?? 'GET',
      headers: { accept: 'application/json', ...request.headers },
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
    await this.#kubeConfig.applyToHTTPSOptions(options);
    return await this.#exchange(url, options, request);
  }

  /** The parsed answer; a status of 400 and up is thrown. */
  async json(request: ApiRequest): Promise<unknown> {
    const response = await this.must(request);
    return await readJson(response.body);
  }

  /** Like `send`, but a status of 400 and up is thrown. */
  async must(request: ApiRequest): Promise<ApiResponse> {
    const response = await this.send(request);
    if (response.status < 400) return response;
    throw apiError(response.status, await readText(response.body, maxErrorBytes).catch(() => ''));
  }

  #exchange(url: URL, options: RequestOptions, request: ApiRequest): Promise<ApiResponse> {
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    return new Promise((resolve, reject) => {
      const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const outgoing = open(url, options);
      const timer = timeoutMs > 0 ? setTimeout(expire, timeoutMs) : undefined;
      function expire(): void {
        outgoing.destroy(new ClrkError('TIMEOUT', `no answer from ${url.host} in ${timeoutMs / 1000} s`));
      }
      outgoing.once('response', (body: IncomingMessage) => {
        clearTimeout(timer);
        resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
      });
      outgoing.on('error', (cause: Error) => {
        clearTimeout(timer);
        reject(
          request.signal?.aborted === true || cause instanceof ClrkError
            ? cause
            : connectionError(url.origin, cause),
        );
      });
      outgoing.end(request.body);
    });
  }
}
