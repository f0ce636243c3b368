/** The provider stand-in's socket side: TLS with its own CA, HTTP/1.1 and HTTP/2, one codec by host name. */
import type { IncomingMessage } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createCa, issueLeaf } from '../../pki/index.ts';
import { standInHosts } from './codecs.ts';
import type { Exchange } from './exchange.ts';
import type { ProviderFault } from './fault.ts';
import { ProviderCore, type CoreOptions } from './provider-core.ts';
import { cut } from './sending.ts';

/** `keys`: the real ones; a provider without one refuses everybody. Bedrock's is `ID:SECRET`. */
export interface StartProviderOptions extends CoreOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Default: a new one. */
  readonly ca?: { readonly certificatePem: string; readonly privateKeyPem: string };
}

export interface RunningProvider extends AsyncDisposable {
  readonly caPem: string;
  readonly port: number;
  /** The latest exchanges, oldest first. */
  received(): readonly Exchange[];
  /** From the next request on; undefined: no fault. */
  setFault(fault: ProviderFault | undefined): void;
  close(): Promise<void>;
}

const leafTtlMs = 30 * 24 * 3600_000;

/** Rejects when the address cannot be bound. */
export async function startProvider(options: StartProviderOptions): Promise<RunningProvider> {
  const ca = options.ca ?? createCa({ commonName: 'CLRK provider stand-in CA', years: 1 });
  const leaf = issueLeaf({
    ca,
    commonName: 'provider stand-in',
    dnsNames: Object.values(standInHosts).flat(),
    ips: [],
    ttlMs: leafTtlMs,
    usage: 'server',
  });
  const core = new ProviderCore(options);
  const server = createSecureServer({
    cert: `${leaf.certificatePem}\n${ca.certificatePem}`,
    key: leaf.privateKeyPem,
    allowHTTP1: true,
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // A client that leaves in the middle is its own affair.
  server.on('sessionError', () => undefined).on('tlsClientError', () => undefined);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => core.upgrade(request, socket));
  server.on('request', (request, response) => {
    response.on('error', () => undefined);
    core.handle(request, response).catch(() => cut(response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    caPem: ca.certificatePem,
    port,
    received: () => core.received(),
    setFault: (fault) => core.setFault(fault),
    close,
    [Symbol.asyncDispose]: close,
  };
}
