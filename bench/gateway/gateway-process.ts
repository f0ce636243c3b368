/**
 * The gateway under load, as a process of its own: the real core with real OpenTelemetry export. Only the worker is missing:
 * each accepted connection gets a signed identity frame put in front, so that the same load generator drives all peers.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { encodeIdentityFrame, type GatewayConfig } from '../../contract/index.ts';
import { GatewayMetrics } from '../../egress/metrics.ts';
import { OtlpOutbox } from '../../egress/record/otlp-outbox.ts';
import { createRecorder } from '../../egress/record/recorder.ts';
import { GatewayCore } from '../../egress/session/gateway-core.ts';
import { createSnapshot } from '../../egress/snapshot.ts';

export interface BenchGateway {
  readonly config: GatewayConfig;
  readonly leaf: { readonly certificatePem: string; readonly privateKeyPem: string };
  readonly listenPort: number;
  readonly upstreamPort: number;
  readonly hostname: string;
  readonly frameKeyBase64: string;
  /** Takes spans and logs and throws them away; empty: no export. */
  readonly otlp: string;
}

const input = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BenchGateway;
const key = Buffer.from(input.frameKeyBase64, 'base64');
// A drop would make the gateway look faster: it ends the measurement.
const onDropped = (records: number): never => {
  throw new Error(`${records} records dropped`);
};
const resource = { 'service.name': 'clrk-egress' };
const common = { 'clrk.egress_gateway': 'bench/gw' };
const outbox = new OtlpOutbox({ endpoint: input.otlp, token: 'bench', resource, common, onDropped });
const recorder = createRecorder(outbox);
const metrics = new GatewayMetrics(() => core.connections);
const core: GatewayCore = new GatewayCore({
  recorder: () => recorder,
  metrics,
  lookup: () => Promise.reject(new Error('the upstream is pinned')),
  now: () => performance.timeOrigin + performance.now(),
  onConnections: () => undefined,
});
core.swap(createSnapshot(input.config, () => () => input.leaf));
setInterval(() => core.tick(), 1_000);

let count = 0;
createServer({ noDelay: true }, (socket) => {
  count += 1;
  socket.unshift(
    encodeIdentityFrame(
      {
        source: { ip: '100.64.0.2', port: 40_000 },
        destination: { ip: '198.18.0.1', port: input.upstreamPort },
        agentKind: 'TaskAgent',
        namespace: 'bench',
        // Several agents, as in life: the cap per agent is not what is measured.
        name: `agent-${count % 8}`,
        uid: 'u',
        revision: 'agent-00001',
        invocationId: `inv-${count}`,
        hostname: input.hostname,
        pool: 'bench/pool',
        issuedAt: Date.now(),
        nonce: randomBytes(16).toString('hex'),
        gateway: `${input.config.gateway.namespace}/${input.config.gateway.name}`,
        gatewayAddress: `127.0.0.1:${input.listenPort}`,
      },
      key,
    ),
  );
  core.accept(socket);
}).listen(input.listenPort, '127.0.0.1', 4096, () => process.stdout.write('ready\n'));
