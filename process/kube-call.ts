/**
 * One JSON call to the Kubernetes API, bounded in time and size. Apart because a role that only asks (who is this, may he)
 * needs neither watches nor caches. It must never log: tokens pass through here.
 */
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, Agent, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClrkError } from '../contract/index.ts';

export interface KubeCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Throws when there is no answer; whatever is answered is the caller's to read. */
export type KubeCaller = (call: KubeCall) => Promise<KubeAnswer>;

const timeoutMs = 10_000;
const maxBytes = 4 * 1024 * 1024;
const maxSockets = 32;
const reloadMs = 60_000;

function failure(message: string): ClrkError {
  return new ClrkError('KUBERNETES_API', message, { retryable: true });
}

async function readJson(response: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) throw failure('the Kubernetes API answered too much');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw failure('the Kubernetes API did not answer JSON');
  }
}

/** `load`: read again every minute, because tokens and authorities of a pod change in place. */
export function kubeCaller(load: () => KubeConfig): KubeCaller {
  let loaded: { readonly config: KubeConfig; readonly at: number } | undefined;
  const configNow = (): KubeConfig => {
    if (loaded === undefined || performance.now() - loaded.at > reloadMs) {
      loaded = { config: load(), at: performance.now() };
    }
    return loaded.config;
  };
  let kept: { readonly key: string; readonly agent: Agent } | undefined;
  /** One agent a certificate, so that connections are used again. */
  const agentFor = ({ ca, cert, key, agent }: RequestOptions): Agent => {
    const given = agent instanceof Agent ? agent.options : {};
    const trust = {
      ...given,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert, key }),
    };
    const name = JSON.stringify([String(trust.ca), String(trust.cert), trust.rejectUnauthorized]);
    kept =
      kept?.key === name ? kept : { key: name, agent: new Agent({ ...trust, keepAlive: true, maxSockets }) };
    return kept.agent;
  };
  return async ({ method, path, body }) => {
    const config = configNow();
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new ClrkError('KUBECONFIG_INVALID', 'kubeconfig names no cluster');
    const url = new URL(server.replace(/\/$/, '') + path);
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const isSecure = url.protocol === 'https:';
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      // As we gave them, with the credentials put in.
      ...(options.headers as OutgoingHttpHeaders),
      accept: 'application/json',
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const { agent: _agent, ...others } = options;
    const full: RequestOptions = {
      ...others,
      method,
      headers,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: url.pathname + url.search,
      signal: AbortSignal.timeout(timeoutMs),
      ...(isSecure ? { agent: agentFor(options) } : {}),
    };
    return await new Promise<KubeAnswer>((resolve, reject) => {
      const request = (isSecure ? httpsRequest : httpRequest)(full, (response) => {
        readJson(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, body: answer }),
          reject,
        );
      });
      request.once('error', (cause) =>
        reject(
          new ClrkError('KUBERNETES_API', 'the Kubernetes API does not answer', { cause, retryable: true }),
        ),
      );
      request.end(payload);
    });
  };
}
