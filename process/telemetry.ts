/**
 * OpenTelemetry of a role process: spans and logs over OTLP/HTTP with the role's token, through NodeSDK. Apart so that
 * exporters, queues and batch sizes are chosen once. Instruments nothing by itself; a role records what it means to.
 */
import { logs, type Logger } from '@opentelemetry/api-logs';
import { trace, type Tracer } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { AlwaysOnSampler, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { attribute, environment as variable, type PlatformEndpoints } from '../contract/index.ts';
import type { Environment } from './environment.ts';

export interface TelemetryOptions {
  readonly role: string;
  readonly environment: Environment;
  readonly otlp: PlatformEndpoints['otlp'];
  /** Trusted for an `https:` endpoint, and nothing else. */
  readonly caPem: string;
  readonly resource?: Readonly<Record<string, string>>;
}

export interface Telemetry {
  readonly tracer: Tracer;
  readonly logger: Logger;
  /** Flushes for at most 10 s, as the original does. */
  shutdown(): Promise<void>;
}

/** A few seconds of full load; more than this in memory means telemetry is away, and the oldest are kept. */
const queue = { maxQueueSize: 65_536, maxExportBatchSize: 2_048, scheduledDelayMillis: 250 };
const exportTimeoutMs = 10_000;

export function startTelemetry({ role, environment, otlp, caPem, resource }: TelemetryOptions): Telemetry {
  const headers = { authorization: `Bearer ${otlp.token}` };
  const base = otlp.endpoint.replace(/\/$/, '');
  const described = resourceFromAttributes({
    'service.name': `clrk-${role}`,
    'service.instance.id': environment[variable.podName] ?? '',
    'k8s.pod.name': environment[variable.podName] ?? '',
    'k8s.namespace.name': environment[variable.podNamespace] ?? '',
    [attribute.component]: role,
    ...resource,
  });
  const secure = base.startsWith('https:') ? { httpAgentOptions: { keepAlive: true, ca: caPem } } : {};
  const common = { headers, timeoutMillis: exportTimeoutMs, ...secure };
  const spans = new OTLPTraceExporter({ url: `${base}/v1/traces`, ...common });
  const records = new OTLPLogExporter({ url: `${base}/v1/logs`, ...common });
  const sdk = new NodeSDK({
    resource: described,
    autoDetectResources: false,
    instrumentations: [],
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor(spans, queue)],
    logRecordProcessors: [],
    metricReaders: [],
  });
  // The globals are set once a process; a replaced endpoint gets providers of its own behind them.
  trace.disable();
  logs.disable();
  sdk.start();
  const tracer = trace.getTracer('clrk');
  const loggers = new LoggerProvider({
    resource: described,
    processors: [new BatchLogRecordProcessor({ exporter: records, ...queue })],
  });
  return {
    tracer,
    logger: loggers.getLogger('clrk'),
    async shutdown(): Promise<void> {
      const deadline = new Promise<void>((resolve) => setTimeout(resolve, exportTimeoutMs).unref());
      await Promise.race([Promise.allSettled([sdk.shutdown(), loggers.shutdown()]), deadline]);
    },
  };
}
