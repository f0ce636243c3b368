/**
 * The part of kubelet's API that `kubectl logs` needs, over TLS on the node's own address. Only the API server's client
 * certificate is served: it has authenticated and authorized the person. It must never answer anyone else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { kubeletClientName } from '../control-plane/certificates.ts';
import { followStoredLog, readStoredLog, selectLog, type LogQuery } from './log-reader.ts';

export interface KubeletServerOptions {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly logPath: (namespace: string, pod: string, container: string) => string | undefined;
}

export function parseLogQuery(parameters: URLSearchParams, now: number): LogQuery {
  const integer = (name: string): number | undefined => {
    const value = Number(parameters.get(name) ?? 'none');
    return Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const seconds = integer('sinceSeconds');
  const time = Date.parse(parameters.get('sinceTime') ?? '');
  const since = seconds !== undefined ? now - seconds * 1000 : Number.isNaN(time) ? undefined : time;
  const tailLines = integer('tailLines');
  const limitBytes = integer('limitBytes');
  return {
    timestamps: parameters.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { since }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${message}\n`);
}

async function serveLog(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  parameters: URLSearchParams,
): Promise<void> {
  const query = parseLogQuery(parameters, Date.now());
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  const { text, offset } = await readStoredLog(path);
  response.write(selectLog(text, query));
  if (parameters.get('follow') !== 'true') {
    response.end();
    return;
  }
  const abort = new AbortController();
  response.on('close', () => abort.abort());
  request.on('error', () => abort.abort());
  response.flushHeaders();
  for await (const appended of followStoredLog(path, offset, abort.signal)) {
    const selected = selectLog(appended, { timestamps: query.timestamps });
    // A reader that is slow gets the log at its own pace.
    if (!response.write(selected))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
}

/** The log a request asks for; otherwise the status and text to answer with. */
function logAsked(
  options: KubeletServerOptions,
  method: string | undefined,
  pathname: string,
): { readonly path: string } | { readonly status: number; readonly text: string } {
  if (pathname === '/healthz') return { status: 200, text: 'ok' };
  const match = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(pathname);
  if (match === null || method !== 'GET')
    return { status: 404, text: 'the local node serves container logs only' };
  const [, namespace = '', pod = '', container = ''] = match;
  const path = options.logPath(namespace, pod, container);
  const text = `container ${container} of pod ${pod} does not run on this node`;
  return path === undefined ? { status: 404, text } : { path };
}

function handle(options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const peer = (request.socket as TLSSocket).getPeerCertificate();
  if (peer.subject?.CN !== kubeletClientName) return refuse(response, 403, 'only the API server may ask');
  const url = new URL(request.url ?? '/', 'https://kubelet');
  const asked = logAsked(options, request.method, url.pathname);
  if ('status' in asked) return refuse(response, asked.status, asked.text);
  serveLog(request, response, asked.path, url.searchParams).catch(() => response.destroy());
}

export async function openKubeletServer(options: KubeletServerOptions): Promise<AsyncDisposable> {
  const server = createServer(
    {
      ca: options.caPem,
      cert: options.certificatePem,
      key: options.privateKeyPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => handle(options, request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
