/**
 * The gateway under load, as a process of its own: the real core with real OpenTelemetry export. Only the worker is missing:
 * each accepted connection gets a signed identity frame put in front, so that the same load generator drives all peers.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { encodeIdentityFrame, type GatewayConfig } from '../../contract/index.ts';
import { GatewayMetrics } from '../../egress/metrics.ts';
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
// Queues that hold what a second of full load makes: a drop would make the gateway look faster.
const queue = { maxQueueSize: 65_536, maxExportBatchSize: 4_096, scheduledDelayMillis: 500 };
const traces = new BasicTracerProvider({
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${input.otlp}/v1/traces` }), queue)],
});
const logs = new LoggerProvider({
  processors: [
    new BatchLogRecordProcessor({
      exporter: new OTLPLogExporter({ url: `${input.otlp}/v1/logs` }),
      ...queue,
    }),
  ],
});
const recorder = createRecorder(traces.getTracer('egress'), logs.getLogger('egress'), {});
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
// Node writes a profile only when it exits by itself.
process.once('SIGTERM', () => process.exit(0));

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
      },
      key,
    ),
  );
  core.accept(socket);
}).listen(input.listenPort, '127.0.0.1', 4096, () => process.stdout.write('ready\n'));
