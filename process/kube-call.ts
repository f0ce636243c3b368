/**
 * One JSON call to the Kubernetes API, bounded in time and size. Apart because a role that only asks (who is this, may he)
 * needs neither watches nor caches. It must never log: tokens pass through here.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { ClrkError } from '../contract/index.ts';
import { KubeTarget } from './kube-target.ts';

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
  const target = new KubeTarget({ config: configNow, maxSockets });
  return async ({ method, path, body }) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const { options, send } = await target.request(path, { method, headers, signal });
    return await new Promise<KubeAnswer>((resolve, reject) => {
      const request = send(options, (response) => {
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
