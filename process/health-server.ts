/**
 * /healthz, /readyz and /metrics of every role, on the pod's address. Healthy means the event loop answers; ready means
 * the role says so. It serves no secret and takes no input.
 */
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  /** Why the process is not ready, or undefined when it is. */
  readonly ready: () => string | undefined;
  /** Prometheus text. */
  readonly metrics?: () => Promise<string>;
}

// Probes and scrapes are short; anything slower is not one of them.
const requestTimeoutMs = 10_000;

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
}

async function serve(options: HealthServerOptions, path: string, response: ServerResponse): Promise<void> {
  if (path === '/healthz') return answer(response, 200, 'ok\n');
  if (path === '/readyz') {
    const reason = options.ready();
    return answer(response, reason === undefined ? 200 : 503, `${reason ?? 'ok'}\n`);
  }
  if (path === '/metrics' && options.metrics !== undefined)
    return answer(response, 200, await options.metrics());
  return answer(response, 404, 'not found\n');
}

/** Listens when the promise resolves. Disposing twice is safe. */
export async function openHealthServer(options: HealthServerOptions): Promise<AsyncDisposable> {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, maxHeaderSize: 8192 },
    (request, response) => {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      serve(options, path, response).catch(() => answer(response, 500, 'metrics could not be collected\n'));
    },
  );
  server.maxConnections = 64;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
