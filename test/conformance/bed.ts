/**
 * The real gateway core in this process with a plain upstream behind it, on loopback and one address of TEST-NET-1: what the
 * conformance suites speak to. Each accepted connection gets a signed identity frame put in front, as a worker would.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { digestOfDocument, encodeIdentityFrame, type GatewayConfig } from '../../contract/index.ts';
import { GatewayMetrics } from '../../egress/metrics.ts';
import { GatewayCore } from '../../egress/session/gateway-core.ts';
import { createSnapshot } from '../../egress/snapshot.ts';
import { createLeafIssuer } from '../../egress/tls/leaf-issuer.ts';
import { createTestCa } from '../egress/test-ca.ts';

/** The name the suites ask for; it needs no look-up. */
export const suiteHost = 'localhost';
export const upstreamIp = '192.0.2.253';
const frameKey = randomBytes(32);
const agent = { namespace: 'default', name: 'suite' };

function configOf(port: number): GatewayConfig {
  const rule = {
    route: 'EgressL4Route/default/suite',
    hostnames: [suiteHost],
    cidrs: [],
    protocol: 'TCP' as const,
  };
  const document = {
    version: 1 as const,
    gateway: { namespace: 'default', name: 'main', uid: 'g' },
    listeners: [{ name: 'all', protocol: 'TCP' as const, tlsMode: 'Terminate' as const }],
    ca: createTestCa('conformance'),
    upstream: {
      additionalTrustPem: '',
      hostAliases: [{ ip: upstreamIp, hostnames: [suiteHost] }],
      lookupFamily: 'V4Preferred' as const,
      requestTimeoutMs: 60_000,
    },
    capture: { maxBytes: 1024, includeContentTypes: [] },
    framePeers: [
      { pool: 'default/pool', keyBase64: frameKey.toString('base64'), agents: ['TaskAgent/default/suite'] },
    ],
    destinations: {
      defaultPolicy: 'deny-all' as const,
      rules: [{ ...rule, ports: [{ start: port, end: port }] }],
      platformCidrs: [],
    },
    providerRoutes: [],
    credentials: [],
    deny: [],
    mcpRoutes: [],
    backends: [],
  };
  return { ...document, digest: digestOfDocument(document) } as unknown as GatewayConfig;
}

export function listen(server: Server, host: string, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

export function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}

export interface ConformanceBed {
  readonly port: number;
  /** What a boundary caught: each is a defect. */
  readonly broken: readonly unknown[];
  close(): Promise<void>;
}

/** A gateway on 127.0.0.1 that lets everything through to the same port of `upstreamIp`. */
export async function openConformanceBed(port: number): Promise<ConformanceBed> {
  const broken: unknown[] = [];
  const metrics = new GatewayMetrics(() => core.connections);
  const core: GatewayCore = new GatewayCore({
    recorder: () => ({ record: () => undefined, malformed: () => undefined }),
    metrics,
    lookup: () => Promise.reject(new Error('the upstream is pinned')),
    now: () => Date.now(),
    onConnections: () => undefined,
    onBroken: (error) => void broken.push(error),
  });
  core.swap(createSnapshot(configOf(port), createLeafIssuer));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const frame = encodeIdentityFrame(
      {
        source: { ip: '100.64.0.2', port: 40_000 },
        destination: { ip: '198.18.0.1', port },
        ...{ agentKind: 'TaskAgent', ...agent, uid: 'u', revision: 'suite-00001', invocationId: 'inv' },
        ...{ hostname: suiteHost, pool: 'default/pool', issuedAt: Date.now() },
        ...{
          gateway: 'default/main',
          gatewayAddress: `127.0.0.1:${port}`,
          nonce: randomBytes(16).toString('hex'),
        },
      },
      frameKey,
    );
    socket.unshift(frame);
    core.accept(socket);
  });
  await listen(server, '127.0.0.1', port);
  const ticker = setInterval(() => core.tick(), 1_000);
  return {
    port,
    broken,
    close: () => {
      clearInterval(ticker);
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
