/**
 * One call to one worker over mutual TLS: resolves when the worker has answered with a head, and tells a worker that
 * never took the call (connection or TLS failed) from one that was lost with it. Connections are kept and reused.
 * It must never send a byte of a call to anybody but a worker of the call's own pool: the certificate says which pool it is,
 * and is asked on every call, because an address may have changed hands since its connection was made.
 */
import { Agent, request as httpsRequest } from 'node:https';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { IngressConfig } from '../contract/index.ts';
import { ClrkError, namesUri, poolUri } from '../contract/index.ts';
import type { RequestBody } from './request-body.ts';

export const workerServerName = 'worker.clrk.internal';

/** A worker on the same network connects in milliseconds; a black hole must not eat the agent's time. */
const connectTimeoutMs = 3_000;
const maxSockets = 4_096;
const maxFreeSockets = 64;
/** Less than a worker keeps an idle connection (30 s): a call that crossed with its end would be told as lost. */
const idleMs = 20_000;

export interface WorkerCall {
  /** `ip:port` */
  readonly address: string;
  /** `namespace/name` of the pool the call is for. */
  readonly pool: string;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: RequestBody;
  readonly signal: AbortSignal;
}

export type WorkerReply =
  | { readonly kind: 'answered'; readonly response: IncomingMessage }
  /** The worker has seen nothing of the call. */
  | { readonly kind: 'unreached'; readonly error: Error }
  /** It may have run. */
  | { readonly kind: 'lost'; readonly error: Error }
  /** The caller's body cannot be sent: too large, or the caller is gone. */
  | { readonly kind: 'badBody'; readonly error: Error };

export class WorkerClient {
  readonly #agent: Agent;
  readonly #onImpostor: () => void;

  /** `onImpostor`: a server of the platform's CA that is not of the pool was turned away. */
  constructor(tls: IngressConfig['dispatchTls'], onImpostor: () => void = () => undefined) {
    this.#onImpostor = onImpostor;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets,
      maxFreeSockets,
      noDelay: true,
      timeout: idleMs,
      // A resumed session brings no certificate to look at.
      maxCachedSessions: 0,
      cert: tls.certificatePem,
      key: tls.privateKeyPem,
      ca: tls.serverCaPem,
      servername: workerServerName,
      minVersion: 'TLSv1.3',
    });
  }

  call(call: WorkerCall): Promise<WorkerReply> {
    const { host, port } = splitAddress(call.address);
    return new Promise<WorkerReply>((resolve) => {
      const upstream = httpsRequest({
        agent: this.#agent,
        host,
        port,
        method: call.method,
        path: call.path,
        headers: { ...call.headers, host: workerServerName },
        signal: call.signal,
      });
      let connected = false;
      upstream.once('response', (response) => resolve({ kind: 'answered', response }));
      upstream.on('error', (error) => resolve({ kind: connected ? 'lost' : 'unreached', error }));
      whenConnected(upstream, (socket) => {
        if (!namesUri(socket.getPeerCertificate().subjectaltname, poolUri(call.pool))) {
          this.#onImpostor();
          upstream.destroy(
            new ClrkError('WORKER_IDENTITY', `the server is not a worker of pool ${call.pool}`),
          );
          return;
        }
        connected = true;
        call.body.sendTo(upstream).catch((error: Error) => {
          resolve({ kind: 'badBody', error });
          upstream.destroy();
        });
      });
    });
  }

  /** For a client that is replaced: drops idle connections, those in use end with their calls. */
  retire(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets?.slice() ?? []) socket.destroy();
    }
    this.#agent.maxFreeSockets = 0;
  }

  /** Ends every connection. */
  close(): void {
    this.#agent.destroy();
  }
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** Runs once the TLS handshake is done: before it, nothing of the call has left this process. */
function whenConnected(upstream: ClientRequest, run: (socket: TLSSocket) => void): void {
  upstream.once('socket', (socket) => {
    const tls = socket as TLSSocket;
    // A reused socket has finished its handshake long ago.
    if (upstream.reusedSocket) {
      run(tls);
      return;
    }
    const timer = setTimeout(() => {
      upstream.destroy(new ClrkError('WORKER_CONNECT', 'the worker did not accept the connection in time'));
    }, connectTimeoutMs);
    upstream.once('close', () => clearTimeout(timer));
    tls.once('secureConnect', () => {
      clearTimeout(timer);
      run(tls);
    });
  });
}
