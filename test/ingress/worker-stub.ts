/** A worker as the ingress sees one: a TLS server that asks for the ingress's certificate and behaves as told. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkerStatus } from '../../contract/index.ts';
import type { Pair } from './certificates.ts';

export interface SeenCall {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly method: string;
  readonly body: string;
}

export type Behaviour = (call: SeenCall, response: ServerResponse, request: IncomingMessage) => void;

export class WorkerStub implements AsyncDisposable {
  readonly seen: SeenCall[] = [];
  behaviour: Behaviour = (call, response) => response.end(`answer to ${call.body}`);
  /** Set to take over before the body is read. */
  onHead: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(server: Pair, ca: Pair): Promise<WorkerStub> {
    const https = createServer({
      cert: server.certificatePem,
      key: server.privateKeyPem,
      ca: ca.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const stub = new WorkerStub(https);
    https.on('request', (request, response) => void stub.#serve(request, response));
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    return stub;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  status(pod: string, more: Partial<WorkerStatus> = {}): WorkerStatus {
    return {
      version: 1,
      role: 'worker',
      namespace: 'shop',
      pool: 'pool',
      pod,
      address: this.address,
      configDigest: 'sha256:x',
      draining: false,
      at: Date.now(),
      inFlight: {},
      capacity: 100,
      warm: {},
      images: { 'shop/hello-00001': { state: 'Pulled' } },
      ...more,
    };
  }

  /** As a SIGKILL looks from outside: every connection reset, the port closed. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.kill();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (this.onHead?.(request, response) === true) return;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const call = {
      headers: request.headers,
      url: request.url ?? '',
      method: request.method ?? '',
      body: Buffer.concat(chunks).toString(),
    };
    this.seen.push(call);
    this.behaviour(call, response, request);
  }
}
