/**
 * The dispatch port: HTTPS for the ingress alone, by its client certificate: of the control plane's CA and with its name. Certificates are replaced in
 * place when the config rotates. Before the first config there is no port at all.
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { ingressUri, namesUri, type PoolConfig } from '../../contract/index.ts';

export interface DispatchServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: PoolConfig['dispatchTls'];
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onError: (error: unknown) => void;
}

function tlsOptions(tls: PoolConfig['dispatchTls']) {
  return {
    cert: tls.certificatePem,
    key: tls.privateKeyPem,
    ca: tls.clientCaPem,
    minVersion: 'TLSv1.3',
  } as const;
}

function isFromIngress({ socket }: IncomingMessage): boolean {
  return namesUri((socket as TLSSocket).getPeerCertificate().subjectaltname, ingressUri);
}

export class DispatchServer {
  readonly #server: Server;

  #isLeaving = false;

  private constructor(server: Server) {
    this.#server = server;
    server.prependListener('request', (_request, response: ServerResponse) => {
      if (this.#isLeaving) response.shouldKeepAlive = false;
    });
  }

  /** Every answer from now on is its connection's last: none is left on which a call could cross with its end. */
  leave(): void {
    this.#isLeaving = true;
  }

  static async open(options: DispatchServerOptions): Promise<DispatchServer> {
    const server = createServer(
      {
        ...tlsOptions(options.tls),
        requestCert: true,
        rejectUnauthorized: true,
        maxHeaderSize: 32 * 1024,
        headersTimeout: 15_000,
        // A body may take as long as the invocation may (deadline cuts it earlier).
        requestTimeout: 0,
        keepAliveTimeout: 30_000,
      },
      (request, response) => {
        // Asked of each request: what came with the handshake is parsed before anybody could end the connection.
        if (isFromIngress(request)) options.handle(request, response);
        else request.socket.destroy();
      },
    );
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, resolve);
    });
    server.on('error', options.onError);
    return new DispatchServer(server);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  rotate(tls: PoolConfig['dispatchTls']): void {
    this.#server.setSecureContext(tlsOptions(tls));
  }

  /** Stops listening; idle connections end now, running ones when they are done or by the caller's hand. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), 1000);
    await closed;
    clearTimeout(timer);
  }
}
